import type { Report } from "../log/telemetry.js";
import type { DeliveryError } from "../outbox/find-deliveries.js";
import { backoffDelayMs, exponential } from "../registry/backoff.js";
import type { Subscriber } from "../registry/subscriber.js";
import { describeError } from "./describe-error.js";
import type { HandlerDecision } from "./handler-decision.js";
import type { SettledOutcome } from "./outcome.js";
import { isStopping } from "./run-handler.js";

/** The facts about a failed attempt. */
export interface FailedAttempt {
  readonly subscriber: Subscriber;
  readonly attempt: number;
  readonly worker: string;
  readonly report: Report;
}

/** The outcome of a delivery whose handler threw. */
export function outcomeOfFailure(thrown: unknown, failed: FailedAttempt): SettledOutcome {
  // The handler is not at fault: another worker runs the delivery at once, without using up an attempt.
  if (isStopping(thrown)) return { state: "snoozed", dueMs: 0, thrown };
  const error = recordOf(thrown, failed);
  if (failed.attempt >= failed.subscriber.policy.maxAttempts) return { state: "dead", error, thrown };
  return { state: "retrying", dueMs: delayAfter(thrown, failed), error, thrown };
}

/** The outcome of a delivery whose handler asked for one. */
export function outcomeOfDecision(decision: HandlerDecision, failed: FailedAttempt): SettledOutcome {
  if (decision.kind === "cancel") return { state: "cancelled", reason: decision.reason };
  if (decision.kind === "snooze") return { state: "snoozed", dueMs: decision.dueMs };
  const { dueMs, cause: thrown } = decision;
  const error = recordOf(thrown, failed);
  if (failed.attempt >= failed.subscriber.policy.maxAttempts) return { state: "dead", error, thrown };
  return { state: "retrying", dueMs, error, thrown };
}

/** The recorded error of a failure. */
function recordOf(thrown: unknown, failed: Pick<FailedAttempt, "attempt" | "worker">): DeliveryError {
  const at = new Date().toISOString();
  return { attempt: failed.attempt, ...describeError(thrown), at, worker: failed.worker };
}

const fallback = exponential();

function delayAfter(thrown: unknown, { subscriber, attempt, report }: FailedAttempt): number {
  try {
    return backoffDelayMs(subscriber.policy.backoff, attempt, thrown);
  } catch (error) {
    report({ type: "backoff:error", subscriber: subscriber.name, error });
    return backoffDelayMs(fallback, attempt, thrown);
  }
}
