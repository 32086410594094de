import { stateOf } from "../delivery/connection-error.js";
import { synchroniseSubscribers } from "../delivery/synchronise-subscribers.js";
import { isTransient } from "../outbox/database-error.js";
import type { Executor } from "../outbox/executor.js";
import type { WorkerSetup } from "./worker-setup.js";

/** As often as workers that start together may fail because of each other. */
const MAX_TRIES = 10;

/**
 * Makes the database know the subscribers of a configuration. Returns those of which something changed.
 *
 * Not in a transaction: where roles have a stricter isolation level than read committed, of workers that start together
 * only one succeeds at first.
 */
export async function subscribeAll(
  executor: Executor,
  { names, config, subscribers }: Pick<WorkerSetup, "names" | "config" | "subscribers">,
): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await synchroniseSubscribers(executor, names, config.application, subscribers, config.retention);
    } catch (error) {
      if (tries === MAX_TRIES || !isTransient(stateOf(error) ?? "")) throw error;
    }
  }
}
