import type { DeliverDeps } from "../delivery/deliver-deps.js";
import { type Decisions, decisions, type HandlerDecision } from "../delivery/handler-decision.js";
import { callHandler } from "../delivery/run-plain.js";
import { transactionalClient } from "../delivery/transactional-client.js";
import { type Logger, SILENT } from "../log/logger.js";
import type { PrismaQueryable } from "../outbox/executor.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES } from "../outbox/schema-names.js";
import {
  checkInteger,
  checkLogger,
  checkOptions,
  invalidOption,
  type Place,
} from "../registry/check-options.js";
import { isClient } from "../registry/define-config.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import { brandEvent } from "../registry/draft-event.js";
import type { AnyEvent, StoredEvent } from "../registry/event.js";
import type { AnyEventType, EventDraftOf, EventOf } from "../registry/event-type.js";
import { isEvent } from "../registry/is-event.js";
import type { Subscriber } from "../registry/subscriber.js";
import { drainDeps } from "./drain-deps.js";

/** Options of {@link deliver}. */
export interface DeliverOptions {
  /** Handlers receive it as `ctx.prisma`. The handler of a transactional subscriber runs in its transaction, `ctx.tx`. */
  readonly prisma?: PrismaQueryable | undefined;
  /** The number of the attempt, from 1. Defaults to 1. */
  readonly attempt?: number | undefined;
  /** Receives the log lines of the handler. Defaults to none. */
  readonly log?: Logger | undefined;
}

/** The outcome of a handler that did not throw. */
export type HandlerOutcome =
  | { readonly state: "delivered" }
  | { readonly state: "cancelled"; readonly reason: string }
  | { readonly state: "snoozed"; readonly dueMs: number }
  /** The handler called `ctx.retryAfter`. */
  | { readonly state: "retrying"; readonly dueMs: number; readonly cause: unknown };

const place: Place = { of: "deliver()" };

/**
 * Runs a subscriber's handler with an event and a context like a worker's, with time limit, signal, and the metadata of events
 * that it publishes. No delivery is needed, and none is recorded. The event may be stored, a draft, or made by `fakeEvent`.
 *
 * @returns the outcome that the handler asked for through its context, otherwise `{ state: "delivered" }`.
 * @throws the error of the handler; EventBusError `HANDLER_TIMEOUT`, `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * await deliver(sendWelcome, fakeEvent(UserRegistered, { aggregate: { email: "ada@example.com" } }), { prisma });
 * expect(outbox).toHaveLength(1);
 * ```
 */
export async function deliver<Events extends readonly AnyEventType[]>(
  subscriber: Subscriber<string, Events>,
  event: EventOf<Events[number]> | EventDraftOf<Events[number]>,
  options: DeliverOptions = {},
): Promise<HandlerOutcome> {
  const given = checkOptions(options, ["prisma", "attempt", "log"], place);
  if (!isSubscriber(subscriber)) {
    throw invalidOption("subscriber", subscriber, "a subscriber made by defineSubscriber", place);
  }
  checkEvent(event, subscriber);
  const attempt = checkInteger(given, "attempt", { min: 1, max: 10_000, defaultsTo: 1 }, place);
  const log = (checkLogger(given, "log", place) as Logger | undefined) ?? SILENT;
  const { prisma } = options;
  if (prisma !== undefined && !isClient(prisma))
    throw invalidOption("prisma", prisma, "a Prisma client", place);
  const deps = drainDeps({ prisma, client: NOWHERE, names: DEFAULT_SCHEMA_NAMES, log }, () => undefined);
  const asked = decisions();
  const run = subscriber.policy.transactional ? runInTransaction : callHandler;
  try {
    await run(unrecorded(event, attempt), subscriber, deps, asked);
  } catch (thrown) {
    if (asked.last() === undefined) throw thrown;
  }
  return outcomeOf(asked.last());
}

/** An executor without a database: nothing is recorded. */
const NOWHERE = { query: () => Promise.resolve({ rows: [] }) };

function checkEvent(event: AnyEvent, subscriber: Subscriber): void {
  const handled = subscriber.events.map(({ name }) => name);
  if (!isEvent(event)) {
    throw invalidOption("event", event, "an event: a stored one, a draft, or one made by fakeEvent", place);
  }
  if (handled.includes(event.name)) return;
  throw invalidOption(
    "event",
    event.name,
    `one that "${subscriber.name}" handles: ${handled.join(", ")}`,
    place,
  );
}

/** A delivery that no database has. */
function unrecorded(event: AnyEvent & Partial<StoredEvent>, attempt: number): LoadedDelivery {
  const { position = 0, occurredAt = new Date(), sourceSchema = null } = event;
  return {
    state: attempt === 1 ? "waiting" : "retrying",
    generation: attempt - 1,
    attempts: attempt - 1,
    deaths: 0,
    wasIsolated: false,
    subscriber: null,
    isSent: true,
    isPaused: false,
    insertedAt: occurredAt,
    eventId: event.id,
    eventName: event.name,
    aggregateType: event.aggregateType,
    aggregateKey: event.aggregateKey,
    metadata: event.metadata,
    event: (more) => {
      const metadata = { ...event.metadata, ...more };
      return brandEvent({ ...event, metadata, position, occurredAt, sourceSchema });
    },
  };
}

/** Runs the handler in a transaction, as a worker does, but without a record. Its writes are committed only if it returns. */
async function runInTransaction(
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
  asked: Decisions,
): Promise<void> {
  const { timeoutMs, isolationLevel } = subscriber.policy;
  await transactionalClient(deps.prisma, subscriber, place.of).$transaction(
    async (tx) => {
      await callHandler(loaded, subscriber, deps, asked, { tx });
      if (asked.last() !== undefined) throw new Error("the handler asked for another outcome");
    },
    {
      maxWait: timeoutMs,
      timeout: timeoutMs + 5_000,
      ...(isolationLevel === undefined ? {} : { isolationLevel }),
    },
  );
}

function outcomeOf(decision: HandlerDecision | undefined): HandlerOutcome {
  switch (decision?.kind) {
    case undefined:
      return { state: "delivered" };
    case "cancel":
      return { state: "cancelled", reason: decision.reason };
    case "snooze":
      return { state: "snoozed", dueMs: decision.dueMs };
    case "retryAfter":
      return { state: "retrying", dueMs: decision.dueMs, cause: decision.cause };
  }
}
