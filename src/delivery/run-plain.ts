import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Attempt, nextClaim } from "./attempt.js";
import type { DeliverDeps } from "./deliver-deps.js";
import { type FailedAttempt, outcomeOfDecision, outcomeOfFailure } from "./failed-attempt.js";
import { type Decisions, decisions } from "./handler-decision.js";
import { eventForAttempt, makeContext } from "./make-context.js";
import { DELIVERED, type SettledOutcome } from "./outcome.js";
import { runHandler } from "./run-handler.js";

/** Runs a handler. The caller must record its outcome. */
export async function runPlain(
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<Attempt> {
  const asked = decisions();
  let outcome: SettledOutcome;
  try {
    await callHandler(loaded, subscriber, deps, asked);
    const decision = asked.last();
    outcome =
      decision === undefined ? DELIVERED : outcomeOfDecision(decision, failed(loaded, subscriber, deps));
  } catch (thrown) {
    outcome = outcomeOfThrown(thrown, asked, failed(loaded, subscriber, deps));
  }
  return { outcome, isRecorded: false, claim: nextClaim(deps.worker) };
}

/** Calls the handler with the event and its context, extended by `more`. */
export function callHandler(
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
  asked: Decisions,
  more?: object,
): Promise<void> {
  const { maxAttempts, timeoutMs } = subscriber.policy;
  const event = eventForAttempt(loaded, maxAttempts);
  return runHandler(
    event,
    (told) => {
      const context = makeContext(subscriber, loaded, deps, told, asked.methods);
      return subscriber.handle(event as never, more === undefined ? context : Object.assign(context, more));
    },
    { subscriber: subscriber.name, timeoutMs, shutdown: deps.signal, graceMs: deps.graceMs },
  );
}

/** The outcome of a delivery whose handler threw: the one that it asked for, or a failure. */
export function outcomeOfThrown(thrown: unknown, asked: Decisions, attempt: FailedAttempt): SettledOutcome {
  const decision = asked.last();
  return decision === undefined ? outcomeOfFailure(thrown, attempt) : outcomeOfDecision(decision, attempt);
}

/** The facts about a failed attempt at a delivery. */
export function failed(
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  { worker, report }: DeliverDeps,
): FailedAttempt {
  return { subscriber, attempt: loaded.attempts + 1, worker, report };
}
