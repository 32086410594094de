import type { Executor, Queryable } from "../outbox/executor.js";
import { knownNames } from "../outbox/known-names.js";
import { advanceCheckpoints } from "../outbox/maintenance.js";
import { forgetDelivered, keptByOthers, oldestEvents, pruneSome } from "../outbox/prune-events.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { checkFlag } from "../registry/check-options.js";
import {
  checkRetention,
  keptFor,
  longer,
  type Retention,
  type RetentionOptions,
} from "../registry/retention.js";
import { BATCH_OPTIONS, type BatchOptions, type BatchSettings, checkBatchOptions } from "./in-batches.js";
import { withNames } from "./with-names.js";

export interface PruneOptions extends BatchOptions {
  /** Counts the events that would be deleted, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

export interface PruneResult {
  /** How many events were deleted, with their deliveries; for a dry run, how many would be. */
  readonly events: number;
  /** How many statements that took. */
  readonly batches: number;
}

/**
 * Deletes events whose retention is over, with the records of their deliveries. Never deletes an event with an open or dead
 * delivery. Workers prune regularly; this function prunes now.
 *
 * Works in batches. Each batch is a short statement that waits for no lock. The call can be interrupted and repeated.
 *
 * @param client a Prisma client, or a `pg` client or pool.
 * @param retention as in `defineConfig`. Defaults to seven days for every event.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * const { events } = await prune(prisma, { default: "30 days", events: { AuditEntry: false } });
 * ```
 */
export function prune(
  client: Queryable,
  retention: RetentionOptions = {},
  options: PruneOptions = {},
): Promise<PruneResult> {
  const call = { of: "prune()", options, known: ["dryRun", ...BATCH_OPTIONS] };
  return withNames(client, call, async (executor, names) => {
    const settings = checkBatchOptions(options, call);
    const isDry = checkFlag({ ...options }, "dryRun", call);
    const kept = checkRetention(retention, call);
    if (!isDry) await advanceCheckpoints(executor, names);
    return pruneAll(executor, names, kept, { ...settings, isDry });
  });
}

/**
 * Deletes all events whose retention is over, until the signal is aborted. If an application is given, keeps events that another
 * application subscribes to and keeps for longer.
 */
export async function pruneAll(
  executor: Executor,
  names: SchemaNames,
  retention: Pick<Retention, "default" | "events">,
  { batchSize, onProgress, isAborted, isDry = false }: BatchSettings & { readonly isDry?: boolean },
  application?: string,
): Promise<PruneResult> {
  let deleted = 0;
  let batches = 0;
  const { events } = await knownNames(executor, names);
  const others = application === undefined ? undefined : await keptByOthers(executor, names, application);
  // Mostly nothing is old enough, and one statement for all names shows that.
  const oldest = await oldestEvents(executor, names, events);
  for (const event of events) {
    const ageMs = longer(keptFor(retention, event), others?.get(event) ?? 0);
    if (ageMs === false || (oldest.get(event) ?? -1) <= ageMs) continue;
    const deletedBefore = deleted;
    let after = 0;
    while (!isAborted()) {
      const batch = await pruneSome(executor, names, { event, ageMs, after, most: batchSize }, { isDry });
      deleted += batch.deleted;
      batches += 1;
      after = batch.last;
      if (batch.deleted > 0) onProgress({ done: deleted, total: deleted });
      if (batch.isEnd) break;
    }
    if (!isDry && deleted > deletedBefore)
      await forgetDelivered(executor, names, { event, upTo: after, most: batchSize, isAborted });
  }
  return { events: deleted, batches };
}
