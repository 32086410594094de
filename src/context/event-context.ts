import { AsyncLocalStorage } from "node:async_hooks";
import { hub } from "../log/hub.js";
import { checkMetadata } from "../registry/check-metadata.js";
import { invalidOption } from "../registry/check-options.js";
import type { AnyEvent, EventMetadata } from "../registry/event.js";

/** What holds for every event that is published while a function runs. */
export interface EventContext {
  readonly metadata: EventMetadata;
  /** Nothing is captured. */
  readonly silent: boolean;
}

const NONE: EventContext = { metadata: {}, silent: false };
const KEY = Symbol.for("ex-event-bus.context");

// Shared by the ESM and the CommonJS copy of the package and by copies that a hot reload leaves behind: a handler
// that one of them runs must be seen as the cause by the client that another one extended.
const registry = globalThis as { [KEY]?: AsyncLocalStorage<EventContext> };
const storage = registry[KEY] ?? new AsyncLocalStorage<EventContext>();
registry[KEY] = storage;

/** The context of the running function. */
export function currentContext(): EventContext {
  return storage.getStore() ?? NONE;
}

/**
 * Runs `fn`, awaits what it returns inside of the context (Prisma's promises start only when they are awaited),
 * and adds `metadata` to all events that are published meanwhile. Inner metadata wins over outer.
 *
 * @throws EventBusError `INVALID_OPTION` when `metadata` is no object.
 * @example
 * ```ts
 * await withEventMetadata({ actor: "admin" }, () => prisma.user.create({ data }));
 * ```
 */
export async function withEventMetadata<T>(
  metadata: EventMetadata,
  fn: () => T | PromiseLike<T>,
): Promise<T> {
  checkMetadata(metadata, "metadata", "withEventMetadata()");
  assertRuns(fn, "withEventMetadata()");
  const outer = currentContext();
  return storage.run({ ...outer, metadata: { ...outer.metadata, ...metadata } }, async () => await fn());
}

/**
 * Runs `fn` and awaits what it returns, without capturing anything meanwhile. What is published by hand is published.
 *
 * @example
 * ```ts
 * await withoutEvents(() => prisma.user.createMany({ data: imported }));
 * ```
 */
export async function withoutEvents<T>(fn: () => T | PromiseLike<T>): Promise<T> {
  assertRuns(fn, "withoutEvents()");
  return storage.run({ ...currentContext(), silent: true }, async () => await fn());
}

function assertRuns(fn: unknown, of: string): void {
  if (typeof fn !== "function") throw invalidOption("fn", fn, "a function", { of });
}

/**
 * Runs a handler: what it publishes names `event` as its cause and keeps its correlation. Nothing else of the
 * outer context reaches the handler.
 */
export function withCause<T>(event: AnyEvent, fn: () => T | PromiseLike<T>): Promise<T> {
  const { correlationId, tenant } = event.metadata;
  // A tracer around deliveries knows better: what the handler publishes is part of the delivery's span.
  const traceparent = hub.surrounds("deliver") ? undefined : event.metadata.traceparent;
  const metadata: EventMetadata = {
    correlationId: correlationId ?? event.id,
    causationId: event.id,
    ...(tenant === undefined ? {} : { tenant }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  return storage.run({ metadata, silent: false }, () => {
    try {
      const result = fn();
      // Only what is no promise yet starts when it is awaited.
      return result instanceof Promise ? result : awaited(result);
    } catch (error) {
      return Promise.reject(error);
    }
  });
}

async function awaited<T>(result: T | PromiseLike<T>): Promise<T> {
  return await result;
}
