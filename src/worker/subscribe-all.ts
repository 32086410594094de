import { stateOf } from "../delivery/connection-error.js";
import { policiesOf, synchroniseSubscribers } from "../delivery/synchronise-subscribers.js";
import { isTransient } from "../outbox/database-error.js";
import type { Executor } from "../outbox/executor.js";
import type { WorkerSetup } from "./worker-setup.js";

/** How often to retry: workers that start together may conflict several times. */
const MAX_TRIES = 10;
/** How long to retry if a role has a `lock_timeout`, which would end the wait for a worker that is registering. */
const PATIENCE_MS = 30_000;
const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Registers the subscribers of a configuration. Returns the names of those that changed.
 *
 * If roles have a stricter isolation level than read committed, only one of several workers that start together succeeds at first.
 * So the call is retried, and must not be part of a transaction.
 */
export async function subscribeAll(
  executor: Executor,
  { names, config, subscribers }: Pick<WorkerSetup, "names" | "config" | "subscribers">,
): Promise<readonly string[]> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  const mayRetry = (state: string, tries: number) =>
    state === LOCK_NOT_AVAILABLE ? performance.now() < giveUpAt : tries < MAX_TRIES && isTransient(state);
  for (let tries = 1; ; tries += 1) {
    try {
      return await synchroniseSubscribers(executor, names, config.application, subscribers, config.retention);
    } catch (error) {
      if (!mayRetry(stateOf(error) ?? "", tries)) throw error;
    }
  }
}

/**
 * The same for a worker. Returns the ids of its policies, which its heartbeat records, and reports those that are not in force
 * because running workers have newer ones.
 */
export async function subscribeWorker(executor: Executor, setup: WorkerSetup): Promise<readonly number[]> {
  await subscribeAll(executor, setup);
  const { names, config, subscribers, log } = setup;
  const policies = await policiesOf(executor, names, config.application, subscribers, config.retention);
  const heldBack = new Set(
    policies.filter(({ isInForce }) => !isInForce).map(({ subscriber }) => subscriber),
  );
  if (heldBack.size > 0) {
    log.warn(
      "Running workers have newer policies of some subscribers, which stay in force while they run: priority, delay and " +
        "retention are not those of this configuration.",
      { subscribers: [...heldBack] },
    );
  }
  return policies.map(({ id }) => id);
}
