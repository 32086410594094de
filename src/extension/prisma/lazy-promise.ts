import type { LazyPromise } from "./internals.js";

/** Whether a value is a promise of Prisma's own, which starts when it is awaited. */
export function isPrismaPromise(value: unknown): value is LazyPromise {
  return (
    typeof value === "object" &&
    value !== null &&
    (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "PrismaPromise"
  );
}

/**
 * The call that a promise is for. Undefined: a raw statement, or what a hook of an extension was given to go on with, which
 * can be any call.
 */
export function callOf({
  spec,
}: LazyPromise): { readonly model?: string; readonly action?: string } | undefined {
  return spec;
}

/** Sends what a promise is for where a handle says. */
export function sendWith<T>(promise: LazyPromise<T>, handle: object): Promise<T> {
  return promise.requestTransaction(handle);
}

/** The promise of another one, such that Prisma has `send` send it when it is in a batch. */
export function sentBy(item: LazyPromise, send: (handle: object) => Promise<unknown>): LazyPromise {
  return {
    requestTransaction: send,
    // biome-ignore lint/suspicious/noThenProperty: a promise of Prisma's kind
    then: item.then.bind(item),
    catch: item.catch.bind(item),
    finally: item.finally.bind(item),
    spec: item.spec,
    [Symbol.toStringTag]: "PrismaPromise",
  } as LazyPromise;
}
