import type { Logger } from "../log/logger.js";
import type { RegisteredPrisma, RegisteredTransaction } from "./register.js";

/** What a handler receives beside the event. */
export interface HandlerContext {
  /** The name of the subscriber. */
  readonly subscriber: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** How many attempts there are; when the last one fails the delivery becomes a dead letter. */
  readonly maxAttempts: number;
  /** Aborted when the handler's time is up or the worker stops. Pass it on to whatever can be cancelled. */
  readonly signal: AbortSignal;
  /** Writes lines that name the event and the subscriber. */
  readonly log: Logger;
  /**
   * The same in every attempt at this delivery, different in every other delivery. Give it to services that
   * accept one: a handler can run more than once, and this makes its effect there happen once.
   */
  readonly idempotencyKey: string;
  /** Names the delivery in the log and in the command line tool. */
  readonly deliveryId: string;
  /** When the event was stored, by the clock of the database. */
  readonly insertedAt: Date;
  /** The Prisma client of the configuration. Its type comes from {@link Register}. */
  readonly prisma: RegisteredPrisma;
  /**
   * Ends the delivery: it is not wanted any more. Recorded with the reason, no failure, and no attempt follows.
   *
   * This and the two below throw, so that they end the handler however deep they are called. What is asked for counts
   * even when something catches what is thrown; of several the last. Write `return ctx.cancel(…)`, and TypeScript knows
   * that nothing follows.
   *
   * @throws always; EventBusError `INVALID_OPTION` for a reason that is no text, and then the attempt has failed.
   *
   * @example
   * ```ts
   * if (user === null) return ctx.cancel("the user is gone");
   * ```
   */
  readonly cancel: (reason: string) => never;
  /**
   * Puts the delivery off: milliseconds from now, 0 to 31536000000 (365 days), or a date; one that has passed means at
   * once. Uses up no attempt, as often as it is called.
   *
   * @throws always; EventBusError `INVALID_OPTION` for a time that is none, and then the attempt has failed.
   */
  readonly snooze: (until: number | Date) => never;
  /**
   * Fails the attempt, with the next one at that time instead of when `retry.backoff` says; times as for `snooze`. What
   * is given as `cause` is recorded as the error. After the last attempt the delivery is dead all the same.
   *
   * @throws always; EventBusError `INVALID_OPTION` for a time that is none, and then the attempt has failed.
   *
   * @example
   * ```ts
   * if (response.status === 429) return ctx.retryAfter(Number(response.headers.get("retry-after")) * 1000);
   * ```
   */
  readonly retryAfter: (until: number | Date, cause?: unknown) => never;
}

/** What the handler of a transactional subscriber receives beside the event. */
export interface TransactionalContext extends HandlerContext {
  /**
   * The client of the transaction that the delivery is recorded in, with the extension on it. What is written with it,
   * and the events that this leads to, is committed with the delivery or not at all. Its type comes from
   * {@link Register}.
   */
  readonly tx: RegisteredTransaction;
}

/** What a handler receives, by whether its subscriber is transactional. */
export type ContextOf<Transactional extends boolean> = [Transactional] extends [true]
  ? TransactionalContext
  : HandlerContext;
