import type { Logger } from "../log/logger.js";
import type { Report } from "../log/telemetry.js";
import type { Executor } from "../outbox/executor.js";
import { type LoadedDelivery, loadDelivery } from "../outbox/load-delivery.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { settleDeliveries } from "../outbox/settle-deliveries.js";
import type { Subscriber } from "../registry/subscriber.js";
import { comeBackLater, mustRunAlone } from "./dead-worker.js";
import { type FailedAttempt, outcomeOfDecision, outcomeOfFailure } from "./failed-attempt.js";
import { decisions } from "./handler-decision.js";
import { eventForAttempt, makeContext } from "./make-context.js";
import { DELIVERED, type Outcome, type SettledOutcome, STALE } from "./outcome.js";
import { refuseDelivery } from "./refuse-delivery.js";
import { reported } from "./reported.js";
import type { RunGate } from "./run-gate.js";
import { runHandler } from "./run-handler.js";
import type { Wakeup } from "./wakeup.js";
import { whileUnreachable } from "./while-unreachable.js";

/** What delivering needs of the process that does it. */
export interface DeliverDeps {
  readonly executor: Executor;
  readonly names: SchemaNames;
  /** Handlers receive it as `ctx.prisma`. */
  readonly prisma: unknown;
  readonly log: Logger;
  readonly report: Report;
  /** Who delivers, for the records. */
  readonly worker: string;
  /** Aborted when handlers must end, because the worker stops. */
  readonly signal: AbortSignal;
  /** How long handlers then have, in milliseconds. */
  readonly graceMs: number;
  /** What keeps deliveries that may end the process apart from the others. */
  readonly gate: RunGate;
  /** For how long statements are repeated while the database is out of reach, in milliseconds. */
  readonly patienceMs: number;
  /** Aborted when the worker has stopped: statements are not repeated any more. */
  readonly ended: AbortSignal;
}

/**
 * Makes a delivery: the only place where a handler is called.
 *
 * Returns only after the outcome is recorded, or when there is nothing to record because somebody else had moved the
 * delivery on. Throws when nothing is known to be recorded: then the wake-up must not be thrown away.
 */
export function deliver(wakeup: Wakeup, subscriber: Subscriber, deps: DeliverDeps): Promise<Outcome> {
  return reported(wakeup, subscriber, deps, {
    load: () => load(wakeup, deps),
    run: async (loaded) =>
      loaded.generation === wakeup.generation ? attempt(wakeup, loaded, subscriber, deps) : STALE,
  });
}

async function attempt(
  wakeup: Wakeup,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<Outcome> {
  const run = () => runAttempt(loaded, subscriber, deps);
  const outcome =
    refuseDelivery(wakeup, loaded, subscriber, deps.worker) ??
    (mustRunAlone(loaded)
      ? ((await deps.gate.alone(run, deps.signal)) ?? comeBackLater())
      : await deps.gate.together(run, deps.signal));
  return settle(outcome, wakeup, loaded, deps);
}

function load({ position, subscriptionId }: Wakeup, deps: DeliverDeps): Promise<LoadedDelivery | undefined> {
  return whileUnreachable(deps, () => loadDelivery(deps.executor, deps.names, position, subscriptionId));
}

async function runAttempt(
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  deps: DeliverDeps,
): Promise<SettledOutcome> {
  const attempt = loaded.attempts + 1;
  const { maxAttempts, timeoutMs } = subscriber.policy;
  const asked = decisions();
  const failed: FailedAttempt = { subscriber, attempt, worker: deps.worker, report: deps.report };
  try {
    const event = eventForAttempt(loaded.event(), attempt, maxAttempts);
    await runHandler(
      event,
      (signal) =>
        subscriber.handle(event as never, makeContext(subscriber, loaded, deps, signal, asked.methods)),
      { subscriber: subscriber.name, timeoutMs, shutdown: deps.signal, graceMs: deps.graceMs },
    );
    const decision = asked.last();
    return decision === undefined ? DELIVERED : outcomeOfDecision(decision, failed);
  } catch (thrown) {
    const decision = asked.last();
    return decision === undefined ? outcomeOfFailure(thrown, failed) : outcomeOfDecision(decision, failed);
  }
}

let claims = 0;

/** A name for one run of a handler, unlike that of any other. */
function nextClaim(worker: string): string {
  claims += 1;
  return `${worker}/${claims}`;
}

/**
 * Records an outcome. A handler that has run shall not run again only because a connection broke afterwards: writing
 * is repeated, which is safe, since a settlement takes effect at most once.
 */
async function settle(
  outcome: SettledOutcome,
  { position, subscriptionId, generation }: Wakeup,
  loaded: LoadedDelivery,
  deps: DeliverDeps,
): Promise<Outcome> {
  const settlement = {
    position,
    subscriptionId,
    generation,
    state: outcome.state,
    attempts: outcome.state === "snoozed" ? loaded.attempts : loaded.attempts + 1,
    claim: nextClaim(deps.worker),
    ...("dueMs" in outcome ? { dueMs: outcome.dueMs } : {}),
    ...("error" in outcome ? { error: outcome.error } : {}),
    ...("died" in outcome ? { died: true } : {}),
    ...("reason" in outcome ? { reason: outcome.reason } : {}),
  };
  const settled = await whileUnreachable(deps, () =>
    settleDeliveries(deps.executor, deps.names, [settlement]),
  );
  return settled[0] === outcome.state ? outcome : STALE;
}
