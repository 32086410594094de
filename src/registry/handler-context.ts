import type { Logger } from "../log/logger.js";
import type { RegisteredPrisma } from "./register.js";

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
}
