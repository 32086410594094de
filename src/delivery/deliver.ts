import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Attempt, nextClaim } from "./attempt.js";
import { comeBackLater, mustRunAlone } from "./dead-worker.js";
import type { DeliverDeps } from "./deliver-deps.js";
import { DELIVERED, type Outcome, type SettledOutcome, STALE } from "./outcome.js";
import { refuseDelivery } from "./refuse-delivery.js";
import { reported } from "./reported.js";
import { runPlain } from "./run-plain.js";
import { runTransactional } from "./run-transactional.js";
import { tellOfDeath } from "./tell-of-death.js";
import type { Wakeup } from "./wakeup.js";
import { whileUnreachable } from "./while-unreachable.js";

/**
 * Makes a delivery: the only place where a handler is called.
 *
 * Returns only after the outcome is recorded, or when there is nothing to record because somebody else had moved the
 * delivery on. Throws when nothing is known to be recorded: then the wake-up must not be thrown away.
 *
 * @param onHandled is called when its handler has ended, before the outcome is recorded.
 */
export function deliver(
  wakeup: Wakeup,
  subscriber: Subscriber,
  deps: DeliverDeps,
  onHandled: () => void = () => undefined,
): Promise<Outcome> {
  return reported(wakeup, subscriber, deps, {
    load: () => load(wakeup, deps),
    run: async (loaded) => {
      if (loaded.generation !== wakeup.generation || loaded.state === "delivered") return STALE;
      const { outcome, isRecorded, claim } = await attempt(wakeup, loaded, subscriber, deps);
      onHandled();
      if (isRecorded || outcome.state === "stale") return outcome;
      const settled = await settle(outcome, wakeup, loaded, subscriber, deps, claim);
      if (settled.state === "dead")
        await tellOfDeath(wakeup.position, loaded, subscriber, settled.thrown, deps);
      return settled;
    },
  });
}

function attempt(
  wakeup: Wakeup,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<Attempt> {
  const unrun = (outcome: Outcome) => ({ outcome, isRecorded: false, claim: nextClaim(deps.worker) });
  const refused = refuseDelivery(wakeup, loaded, subscriber, deps.worker);
  if (refused !== undefined) return Promise.resolve(unrun(refused));
  const run = () =>
    deps.slots(() =>
      subscriber.policy.transactional
        ? runTransactional(wakeup, loaded, subscriber, deps)
        : runPlain(loaded, subscriber, deps),
    );
  if (!mustRunAlone(loaded)) return deps.gate.together(run, deps.signal);
  return deps.gate.alone(run, deps.signal).then((made) => made ?? unrun(comeBackLater()));
}

function load(
  { position, subscriptionId, claims = 0, isAgain = claims > 0 }: Wakeup,
  deps: DeliverDeps,
): Promise<LoadedDelivery | undefined> {
  const key = { position, subscriptionId, isAgain };
  return whileUnreachable(deps, () => deps.outbox.load(key));
}

/**
 * Records an outcome. A handler that has run shall not run again only because a connection broke afterwards: writing
 * is repeated, which is safe, since a settlement takes effect at most once.
 */
async function settle(
  outcome: SettledOutcome,
  { position, subscriptionId, generation }: Wakeup,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
  claim: string,
): Promise<Outcome> {
  const settlement = {
    position,
    subscriptionId,
    generation,
    state: outcome.state,
    attempts: loaded.attempts + (usesAttempt(outcome) ? 1 : 0),
    claim,
    keepsFailuresOnly: subscriber.policy.history === "failures",
    ...(outcome.state === "delivered" ? undefined : detailsOf(outcome)),
  };
  const state = await whileUnreachable(deps, () => deps.outbox.settle(settlement));
  if (state === outcome.state) {
    if ("dueMs" in outcome) deps.wakeIn(outcome.dueMs);
    return outcome;
  }
  // A transaction was committed, though the answer did not arrive.
  return state === "delivered" ? DELIVERED : STALE;
}

function detailsOf(outcome: SettledOutcome) {
  return {
    ...("dueMs" in outcome ? { dueMs: outcome.dueMs } : {}),
    ...("error" in outcome ? { error: outcome.error } : {}),
    ...("died" in outcome ? { died: true } : {}),
    ...("reason" in outcome ? { reason: outcome.reason } : {}),
  };
}

function usesAttempt({ state }: SettledOutcome): boolean {
  return state !== "snoozed" && state !== "paused";
}
