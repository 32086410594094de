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
  /** Counts what would be deleted, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

export interface PruneResult {
  /** How many events were deleted, with their deliveries; of a dry run, how many would be. */
  readonly events: number;
  /** In how many statements. */
  readonly batches: number;
}

/**
 * Deletes events that are older than the retention says, with what is known of their deliveries. Never an event with
 * a delivery that is open or dead. Workers do so by themselves; this does it now.
 *
 * Works in batches, each a short statement that waits for nobody and that nobody waits for. It can be interrupted and
 * called again.
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
 * Deletes everything that is too old, unless it shall stop. For an application: nothing that another one, which
 * subscribes to it too, keeps for longer.
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
  // Mostly nothing is, and then one statement is enough for all names.
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
