import type { Outcome } from "../delivery/outcome.js";
import type { Report } from "../log/telemetry.js";
import type { DueDelivery } from "../outbox/due-deliveries.js";

/** An attempt that failed in `drain`. */
export interface DrainError {
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
  /** Which attempt it was, from 1. */
  readonly attempt: number;
  /** What the handler threw, or the backoff function after it. */
  readonly error: unknown;
}

/** What `drain` did: attempts by what became of them. */
export interface DrainResult {
  readonly delivered: number;
  /** Attempts that failed and have another one later. */
  readonly retrying: number;
  /** Attempts that failed and were the last one. */
  readonly dead: number;
  readonly cancelled: number;
  readonly snoozed: number;
  /** Every attempt that failed, in the order in which they were made; and what a backoff function threw after one. */
  readonly errors: readonly DrainError[];
}

/** Counts what becomes of deliveries. */
export interface Tally {
  readonly report: Report;
  /** @throws what a handler threw, when the caller wants that. */
  count(delivery: DueDelivery, outcome: Outcome): void;
  result(): DrainResult;
}

/** @param throwErrors whether the first failure is thrown on. */
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
      // Handlers may fail, that is what attempts are for. A backoff function may not, and nobody else would say so.
      if (throwErrors) throw found.at(-1);
    },
    result: () => ({ ...counts, errors }),
  };
}
