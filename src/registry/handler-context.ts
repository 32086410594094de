import type { Logger } from "../log/logger.js";
import type { RegisteredPrisma, RegisteredTransaction } from "./register.js";

/** The context that a handler receives beside the event. */
export interface HandlerContext {
  /** The name of the subscriber. */
  readonly subscriber: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The number of attempts. If the last one fails, the delivery is dead. */
  readonly maxAttempts: number;
  /** Aborted when the handler's time is up or the worker stops. Pass it to calls that can be cancelled. */
  readonly signal: AbortSignal;
  /** Writes lines that name the event and the subscriber. */
  readonly log: Logger;
  /**
   * Equal in every attempt at this delivery, different in every other delivery. Pass it to services that accept an idempotency
   * key: a handler can run more than once, and the key makes its effect there happen once.
   */
  readonly idempotencyKey: string;
  /** Names the delivery in the log and in the command line tool. */
  readonly deliveryId: string;
  /** When the event was stored, by the clock of the database. */
  readonly insertedAt: Date;
  /** The Prisma client of the configuration. Its type comes from {@link Register}. */
  readonly prisma: RegisteredPrisma;
  /**
   * Cancels the delivery. The reason is recorded, it does not count as a failure, and no attempt follows.
   *
   * `cancel`, `snooze` and `retryAfter` throw, so that they end the handler however deep they are called. The outcome counts
   * even if the handler catches the error; of several calls, the last counts. Write `return ctx.cancel(…)`, so that TypeScript
   * knows that nothing follows.
   *
   * @throws always; EventBusError `INVALID_OPTION` if the reason is no text: then the attempt has failed.
   *
   * @example
   * ```ts
   * if (user === null) return ctx.cancel("the user is gone");
   * ```
   */
  readonly cancel: (reason: string) => never;
  /**
   * Makes the delivery later. Takes milliseconds from now, 0 to 31536000000 (365 days), or a date; a past date means at once.
   * Uses up no attempt, however often it is called.
   *
   * @throws always; EventBusError `INVALID_OPTION` if the time is not valid: then the attempt has failed.
   */
  readonly snooze: (until: number | Date) => never;
  /**
   * Fails the attempt, and sets the time of the next one instead of `retry.backoff`. Takes the same times as `snooze`. `cause` is
   * recorded as the error. After the last attempt the delivery is dead anyway.
   *
   * @throws always; EventBusError `INVALID_OPTION` if the time is not valid: then the attempt has failed.
   *
   * @example
   * ```ts
   * if (response.status === 429) return ctx.retryAfter(Number(response.headers.get("retry-after")) * 1000);
   * ```
   */
  readonly retryAfter: (until: number | Date, cause?: unknown) => never;
}

/** The context that the handler of a transactional subscriber receives beside the event. */
export interface TransactionalContext extends HandlerContext {
  /**
   * The extended client of the transaction that records the delivery. Its writes and their events are committed together with the
   * delivery, or not at all. Its type comes from {@link Register}.
   */
  readonly tx: RegisteredTransaction;
}

/** The context of a handler, by whether its subscriber is transactional. */
export type ContextOf<Transactional extends boolean> = [Transactional] extends [true]
  ? TransactionalContext
  : HandlerContext;
