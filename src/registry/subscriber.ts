import type { Backoff, BackoffFunction, ExponentialBackoff, FixedBackoff } from "./backoff.js";
import type { AnyEventType, EventOf } from "./event-type.js";
import type { ContextOf, HandlerContext } from "./handler-context.js";

/** How often and when a failed delivery is tried again. */
export interface RetryOptions {
  /** How many attempts a delivery has before it becomes a dead letter, 1 to 10000. Defaults to 20. */
  readonly maxAttempts?: number | undefined;
  /**
   * How long to wait between attempts. Defaults to `"exponential"`: 1 s, 2 s, 4 s … up to an hour, ± 20 %.
   */
  readonly backoff?: "exponential" | ExponentialBackoff | FixedBackoff | BackoffFunction | undefined;
}

/** What is kept of deliveries: all of them, or those of which an attempt failed or that ended otherwise. */
export type History = "full" | "failures";

/** How far a transaction sees what others commit meanwhile, in Prisma's words. */
export type IsolationLevel = "ReadCommitted" | "RepeatableRead" | "Serializable";

/** What `defineSubscriber` is given. */
export interface SubscriberOptions<
  Name extends string,
  Events extends readonly AnyEventType[],
  Transactional extends boolean = false,
> {
  /**
   * 1 to 118 printable characters, unique among all applications on the database. Renaming it makes another
   * one.
   */
  readonly name: Name;
  /** The events that it receives; at least one. */
  readonly events: Events;
  /**
   * Called once for each delivery and again for each retry. It has delivered when it returns; it has failed
   * when it throws. What it returns is not used. It can run more than once for an event: see
   * `ctx.idempotencyKey`.
   */
  handle(event: EventOf<Events[number]>, ctx: ContextOf<Transactional>): unknown;
  /**
   * Runs the handler in a transaction of the Prisma client, `ctx.tx`, in which the delivery is recorded too: what the
   * handler writes with it has its effect exactly once, however often the handler runs. Defaults to false.
   */
  readonly transactional?: Transactional | undefined;
  /** The isolation level of that transaction. Defaults to the client's, or the database's. */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** How often and when a failed delivery is tried again. Defaults to 20 attempts over about eight hours. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long an attempt may take in milliseconds, 1 to 10800000 (three hours). Then `ctx.signal` is aborted and the
   * attempt has failed. There is no way to have no limit: a handler that hangs would keep its place for ever.
   * Defaults to 60000.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * `"failures"`: a delivery that is made at the first attempt leaves no row of its own, which is cheaper; whether it was
   * made can still be told. Transactional subscribers always keep theirs. Defaults to `"full"`.
   */
  readonly history?: History | undefined;
  /** Lower runs first, -32768 to 32767. Defaults to 0. */
  readonly priority?: number | undefined;
  /** How long the first attempt waits after the event, in milliseconds, up to 365 days. Defaults to 0. */
  readonly delayMs?: number | undefined;
}

/** How a subscriber's deliveries are made, every default filled in. */
export interface SubscriberPolicy {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly timeoutMs: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly history: History;
  readonly transactional: boolean;
  /** Undefined: the client's, or the database's. */
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
