import type { Executor } from "../outbox/executor.js";
import { freeJobs, parkJobs, unservedTasks } from "../outbox/graphile/park-jobs.js";
import type { SchemaNames } from "../outbox/schema-names.js";

/** So long a deployment may leave a subscriber without a worker, and nothing is moved for it. */
const UNSERVED_FOR_MS = 20_000;

/**
 * Takes the ready jobs of subscribers that no worker has out of the way of all others, and frees those of subscribers that a
 * worker has again. Each call looks once.
 */
export function parkOrphans(
  executor: Executor,
  names: SchemaNames,
  isStopped: () => boolean,
  unservedForMs = UNSERVED_FOR_MS,
): () => Promise<void> {
  let unservedSince: ReadonlyMap<number, number> = new Map();
  return async () => {
    await freeJobs(executor, names, { isStopped });
    const tasks = await unservedTasks(executor, names);
    const now = performance.now();
    unservedSince = new Map(tasks.map(({ id }) => [id, unservedSince.get(id) ?? now]));
    const orphans = tasks.filter(({ id }) => now - (unservedSince.get(id) ?? now) >= unservedForMs);
    if (orphans.length > 0 && !isStopped()) await parkJobs(executor, names, orphans, isStopped);
  };
}
