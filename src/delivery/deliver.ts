import { hub } from "../log/hub.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Attempt, nextClaim } from "./attempt.js";
import { callOnDead } from "./call-on-dead.js";
import { comeBackLater, isolationMs, mustBeIsolated } from "./dead-worker.js";
import type { DeliverDeps } from "./deliver-deps.js";
import type { DeliveryJob } from "./delivery-job.js";
import { DeliveryReport, reportUnread } from "./delivery-report.js";
import { DELIVERED, type Outcome, type SettledOutcome, STALE } from "./outcome.js";
import { refuseDelivery } from "./refuse-delivery.js";
import { retryAfter, retryWhileUnreachable } from "./retry-while-unreachable.js";
import { runPlain } from "./run-plain.js";
import { runTransactional } from "./run-transactional.js";

/** Callbacks for the progress of a delivery. */
export interface DeliveryProgress {
  /** The handler has ended; the outcome is not recorded yet. */
  readonly onHandled?: () => void;
  /** The outcome is recorded, and the job was deleted with it. */
  readonly onSettled?: () => void;
}

/**
 * Makes a delivery: the only place where a handler is called.
 *
 * Returns once the outcome is recorded, or if there is nothing to record because another worker has changed the delivery. Throws if
 * it is unknown whether the outcome is recorded: then the job must be kept.
 *
 * @param progress is called as the delivery proceeds.
 */
export async function deliver(
  job: DeliveryJob,
  subscriber: Subscriber,
  deps: DeliverDeps,
  progress: DeliveryProgress = {},
): Promise<Outcome> {
  const startedAt = performance.now();
  let { loaded } = job;
  if (loaded === undefined) {
    try {
      loaded = await load(job, deps);
    } catch (error) {
      reportUnread(job, subscriber, deps, startedAt, error);
      throw error;
    }
  }
  // The event is gone: there is nothing to report.
  if (loaded === undefined) return STALE;
  // The package never adds such a job: the job of a delivery has the task of its subscriber.
  const { isSent, subscriber: owner } = loaded;
  if (!isSent || (owner !== null && owner !== subscriber.name)) {
    const { worker, report } = deps;
    const { position } = job;
    report({
      type: "job:refused",
      worker,
      subscriber: subscriber.name,
      owner: isSent ? owner : null,
      position,
    });
    return STALE;
  }
  const told = new DeliveryReport(job, loaded, subscriber, deps, startedAt);
  const known = loaded;
  if (hub.surrounds("deliver")) return surrounded(told, () => make(job, known, subscriber, deps, progress));
  let outcome: Outcome;
  try {
    outcome = await make(job, loaded, subscriber, deps, progress);
  } catch (error) {
    told.fail(error);
    throw error;
  }
  told.stop(outcome);
  return outcome;
}

/** Functions that surround deliveries are entered once the event is read, and left once the outcome is recorded. */
function surrounded(told: DeliveryReport, run: () => Promise<Outcome>): Promise<Outcome> {
  return hub.within("deliver", told.start, () =>
    run().then(
      (outcome) => ({ end: told.stop(outcome), result: () => outcome }),
      (error) => ({ end: told.fail(error), result: () => raise(error) }),
    ),
  );
}

function raise(error: unknown): never {
  throw error;
}

async function make(
  job: DeliveryJob,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
  { onHandled, onSettled }: DeliveryProgress,
): Promise<Outcome> {
  if (loaded.generation !== job.generation || loaded.state === "delivered") return STALE;
  const { outcome, isRecorded, claim, confirm } = await attempt(job, loaded, subscriber, deps);
  onHandled?.();
  const refused = confirm && (await confirm());
  if (refused === undefined && isRecorded) {
    if (outcome.state === "delivered") onSettled?.();
    return outcome;
  }
  const ending = refused ?? outcome;
  if (ending.state === "stale") return ending;
  const settled = await settle(ending, job, loaded, subscriber, deps, claim);
  onSettled?.();
  if (settled.state === "dead") await callOnDead(job.position, loaded, subscriber, settled.thrown, deps);
  return settled;
}

function attempt(
  job: DeliveryJob,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<Attempt> {
  const { gate, semaphore, signal } = deps;
  const refused = refuseDelivery(job, loaded, subscriber, deps.worker);
  if (refused !== undefined) return Promise.resolve(unrun(refused, deps));
  const run = () =>
    subscriber.policy.transactional
      ? runTransactional(job, loaded, subscriber, deps)
      : runPlain(loaded, subscriber, deps);
  const { position, subscriptionId, generation, heldAs, deaths = 0 } = job;
  const begin = async () => {
    if (heldAs !== undefined) await retryWhileUnreachable(deps, () => deps.outbox.begin(heldAs));
  };
  const runOf = (begun: () => Promise<Attempt>) => () =>
    between(semaphore.acquire(), begun, semaphore.release);
  if (!mustBeIsolated(loaded)) {
    const begun = deaths > 0 ? () => begin().then(run) : run;
    return between(gate.enter(signal), runOf(begun), gate.leave);
  }
  const record = (isIsolated: boolean) =>
    retryWhileUnreachable(deps, () =>
      deps.outbox.setIsolated({ position, subscriptionId, generation }, isIsolated),
    );
  const alone = {
    run: () => record(true).then(runOf(run)),
    forMs: isolationMs(deaths),
    share: () => begin().then(() => record(false)),
  };
  return gate.alone(alone, signal).then((made) => made ?? unrun(comeBackLater(), deps));
}

/** Runs as soon as `ready` resolves, and calls `ended` afterwards. */
function between<T>(ready: Promise<void> | undefined, run: () => Promise<T>, ended: () => void): Promise<T> {
  if (ready !== undefined) return ready.then(() => between(undefined, run, ended));
  return run().then(
    (value) => {
      ended();
      return value;
    },
    (error: unknown) => {
      ended();
      throw error;
    },
  );
}

function unrun(outcome: Outcome, deps: DeliverDeps): Attempt {
  return { outcome, isRecorded: false, claim: nextClaim(deps.worker) };
}

function load(
  { position, subscriptionId, deaths = 0, isAgain = deaths > 0 }: DeliveryJob,
  deps: DeliverDeps,
): Promise<LoadedDelivery | undefined> {
  const key = { position, subscriptionId, isAgain };
  return retryWhileUnreachable(deps, () => deps.outbox.load(key));
}

/**
 * Records an outcome. A broken connection alone must not make the handler run again, so the statement is retried. That is safe,
 * because a settlement takes effect at most once.
 */
async function settle(
  outcome: SettledOutcome,
  { position, subscriptionId, generation, jobId }: DeliveryJob,
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
    ...(jobId === undefined ? undefined : { jobId }),
  };
  const state = await deps.outbox
    .settle(settlement)
    .catch((error: unknown) => retryAfter(error, deps, () => deps.outbox.settle(settlement)));
  if (state === outcome.state) {
    if ("dueMs" in outcome) deps.wakeIn(outcome.dueMs);
    return outcome;
  }
  // The transaction was committed, but its answer was lost.
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
