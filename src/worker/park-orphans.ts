import type { Executor } from "../outbox/executor.js";
import { freeJobs, parkJobs, unservedTasks } from "../outbox/graphile/park-jobs.js";
import type { SchemaNames } from "../outbox/schema-names.js";

/** How long a subscriber may be without a worker, as during a deployment, before its jobs are parked. */
const UNSERVED_FOR_MS = 20_000;

/**
 * Parks the ready jobs of subscribers that no worker has, so that polls do not read them, and frees the jobs of subscribers that a
 * worker has again. Each call does both once.
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
