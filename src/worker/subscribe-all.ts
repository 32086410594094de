import { synchroniseSubscribers } from "../delivery/synchronise-subscribers.js";
import type { Executor } from "../outbox/executor.js";
import type { WorkerSetup } from "./worker-setup.js";

/** Makes the database know the subscribers of a configuration. Returns those of which something changed. */
export function subscribeAll(
  executor: Executor,
  { names, config, subscribers }: Pick<WorkerSetup, "names" | "config" | "subscribers">,
): Promise<readonly string[]> {
  return synchroniseSubscribers(executor, names, config.application, subscribers, config.retention);
}
