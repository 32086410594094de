import type { Outcome } from "../delivery/outcome.js";
import type { Report } from "../log/telemetry.js";
import type { DueDelivery } from "../outbox/due-deliveries.js";

/** A failed attempt of `drain`. */
export interface DrainError {
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The error of the handler, or of the backoff function after it. */
  readonly error: unknown;
}

/** The result of `drain`: the number of attempts by outcome. */
export interface DrainResult {
  readonly delivered: number;
  /** Failed attempts after which another one follows. */
  readonly retrying: number;
  /** Failed attempts that were the last one. */
  readonly dead: number;
  readonly cancelled: number;
  readonly snoozed: number;
  /** All failed attempts in their order, and the errors of backoff functions after them. */
  readonly errors: readonly DrainError[];
}

/** Counts the outcomes of attempts. */
export interface Tally {
  readonly report: Report;
  /** @throws the error of a handler, if `throwErrors` is set. */
  count(delivery: DueDelivery, outcome: Outcome): void;
  result(): DrainResult;
}

/** @param throwErrors whether the first failure is thrown. */
export function startTally(throwErrors: boolean): Tally {
  const counts = { delivered: 0, retrying: 0, dead: 0, cancelled: 0, snoozed: 0 };
  const errors: DrainError[] = [];
  let backoffFailures: unknown[] = [];
  return {
    report(event) {
      if (event.type === "backoff:error") backoffFailures.push(event.error);
    },
    count({ subscriber, eventId, eventName }, outcome) {
      if (outcome.state === "stale" || outcome.state === "paused") return;
      counts[outcome.state] += 1;
      if (outcome.state !== "retrying" && outcome.state !== "dead") return;
      const failed = { subscriber, eventId, eventName, attempt: outcome.error.attempt };
      const found = [outcome.thrown, ...backoffFailures];
      backoffFailures = [];
      errors.push(...found.map((error) => ({ ...failed, error })));
      // A failing handler is normal. A failing backoff function is a mistake, which nothing else would report.
      if (throwErrors) throw found.at(-1);
    },
    result: () => ({ ...counts, errors }),
  };
}
