import type { Backoff, BackoffFunction, ExponentialBackoff, FixedBackoff } from "./backoff.js";
import type { AnyEventType, EventOf } from "./event-type.js";
import type { ContextOf, HandlerContext } from "./handler-context.js";

/** How often and when a failed delivery is retried. */
export interface RetryOptions {
  /** How many attempts a delivery has before it is dead, 1 to 10000. Defaults to 20. */
  readonly maxAttempts?: number | undefined;
  /**
   * How long to wait between attempts. Defaults to `"exponential"`: 1 s, 2 s, 4 s … up to an hour, ± 20 %.
   */
  readonly backoff?: "exponential" | ExponentialBackoff | FixedBackoff | BackoffFunction | undefined;
}

/** The deliveries that keep a record of their own: all, or only those that did not succeed at the first attempt. */
export type History = "full" | "failures";

/** The isolation level of a transaction, in Prisma's words. */
export type IsolationLevel = "ReadCommitted" | "RepeatableRead" | "Serializable";

/** Options of `defineSubscriber`. */
export interface SubscriberOptions<
  Name extends string,
  Events extends readonly AnyEventType[],
  Transactional extends boolean = false,
> {
  /**
   * 1 to 118 printable characters, unique among all applications on the database. A new name makes a new subscriber.
   */
  readonly name: Name;
  /** The events that it receives; at least one. */
  readonly events: Events;
  /**
   * Called once for each delivery and again for each retry. The attempt has succeeded if it returns, and failed if it
   * throws. Its result is ignored. It can run more than once for an event: see `ctx.idempotencyKey`.
   */
  handle(event: EventOf<Events[number]>, ctx: ContextOf<Transactional>): unknown;
  /**
   * Runs the handler in a transaction of the Prisma client, `ctx.tx`, which also records the delivery. Writes through `ctx.tx`
   * take effect exactly once, however often the handler runs. Defaults to false.
   */
  readonly transactional?: Transactional | undefined;
  /** The isolation level of that transaction. Defaults to the client's, or the database's. */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** How often and when a failed delivery is retried. Defaults to 20 attempts over about eight hours. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long an attempt may take, in milliseconds, 1 to 10800000 (three hours). Then `ctx.signal` is aborted and the attempt has
   * failed. The limit cannot be turned off, because a handler that hangs would block a place of the worker forever. Defaults to
   * 60000.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * `"failures"`: a delivery that succeeds at the first attempt leaves no row of its own, which is cheaper. Its state is still
   * known. Transactional subscribers always keep rows. Defaults to `"full"`.
   */
  readonly history?: History | undefined;
  /** Lower runs first, -32768 to 32767. Defaults to 0. */
  readonly priority?: number | undefined;
  /** How long the first attempt waits after the event, in milliseconds, up to 365 days. Defaults to 0. */
  readonly delayMs?: number | undefined;
}

/** The policy of a subscriber, with all defaults. */
export interface SubscriberPolicy {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutMs: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly history: History;
  readonly transactional: boolean;
  /** Undefined for the default of the client or the database. */
  readonly isolationLevel: IsolationLevel | undefined;
}

/** A named handler for one or more events. Made by `defineSubscriber`. */
export interface Subscriber<
  Name extends string = string,
  Events extends readonly AnyEventType[] = readonly AnyEventType[],
> {
  readonly name: Name;
  readonly events: Events;
  readonly policy: SubscriberPolicy;
  /** Declared as a method, so that subscribers of different events fit into one array. */
  handle(event: EventOf<Events[number]>, ctx: HandlerContext): unknown;
}
