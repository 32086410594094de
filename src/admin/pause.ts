import { EventBusError } from "../errors.js";
import type { Executor, Queryable } from "../outbox/executor.js";
import { knownNames } from "../outbox/known-names.js";
import { setPaused, wakeHeld } from "../outbox/pause.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { invalidOption } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { didYouMean } from "../registry/nearest-name.js";
import { BATCH_OPTIONS, type BatchOptions, checkBatchOptions } from "./in-batches.js";
import { withNames } from "./with-names.js";

/**
 * Pauses a subscriber: from now on no worker starts a delivery to it. Running handlers end as usual. Events are still published,
 * and their deliveries wait, as do deliveries that are to be retried.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @returns whether it was not paused before.
 * @throws EventBusError `INVALID_OPTION` if there is no such subscriber; `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * await pause(prisma, "send-welcome-email");
 * ```
 */
export function pause(
  client: Queryable,
  subscriber: string,
  options: DatabaseOptions = {},
): Promise<boolean> {
  return withNames(client, { of: "pause()", options }, (executor, names) =>
    change(executor, names, subscriber, { paused: true, of: "pause()" }),
  );
}

export interface ResumeResult {
  /** Whether it was paused before. */
  readonly resumed: boolean;
  /** How many waiting deliveries were woken. */
  readonly woken: number;
}

/**
 * Resumes a paused subscriber, and wakes its waiting deliveries in batches, in the order of their events. If the call is
 * interrupted, the subscriber stays resumed, and workers wake the rest.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION` if there is no such subscriber; `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * const { woken } = await resume(prisma, "send-welcome-email");
 * ```
 */
export function resume(
  client: Queryable,
  subscriber: string,
  options: BatchOptions = {},
): Promise<ResumeResult> {
  const call = { of: "resume()", options, known: BATCH_OPTIONS };
  return withNames(client, call, async (executor, names) => {
    const { batchSize, onProgress, isAborted } = checkBatchOptions(options, call);
    const resumed = await change(executor, names, subscriber, { paused: false, of: "resume()" });
    let woken = 0;
    while (!isAborted()) {
      const batch = await wakeHeld(executor, names, batchSize);
      woken += batch;
      if (batch === 0) break;
      onProgress({ done: woken, total: woken });
    }
    return { resumed, woken };
  });
}

async function change(
  executor: Executor,
  names: SchemaNames,
  subscriber: string,
  { paused, of }: { readonly paused: boolean; readonly of: string },
): Promise<boolean> {
  if (typeof subscriber !== "string")
    throw invalidOption("subscriber", subscriber, "the name of a subscriber", { of });
  const changed = await setPaused(executor, names, subscriber, paused);
  if (changed !== undefined) return changed;
  const { subscribers } = await knownNames(executor, names);
  throw new EventBusError(
    "INVALID_OPTION",
    `subscriber in ${of} is "${subscriber}", which the database does not know${didYouMean(subscriber, subscribers)}`,
    { value: subscriber, path: "subscriber" },
  );
}
