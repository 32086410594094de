import { countMatching, redriveSome } from "../outbox/dead-deliveries.js";
import type { DeliveryConditions } from "../outbox/delivery-filter.js";
import type { Queryable } from "../outbox/executor.js";
import { checkFlag } from "../registry/check-options.js";
import { checkFilter } from "./check-filter.js";
import { BATCH_OPTIONS, type BatchOptions, checkBatchOptions, inBatches } from "./in-batches.js";
import { withNames } from "./with-names.js";

/** Selects dead deliveries. All given conditions must hold. */
export type DeadFilter = Omit<DeliveryConditions, "state">;

/** The conditions of a {@link DeadFilter}. */
export const DEAD_FILTER: readonly (keyof DeadFilter)[] = [
  "subscriber",
  "event",
  "eventId",
  "position",
  "aggregateType",
  "aggregateKey",
  "error",
  "since",
  "until",
];

export interface RedriveOptions extends BatchOptions {
  /** Counts the deliveries that would be sent again, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

export interface RedriveResult {
  /** How many dead deliveries fitted the filter at the start. */
  readonly matched: number;
  /** How many were sent again. */
  readonly redriven: number;
}

/**
 * Sends all dead deliveries that fit a filter again, in the order of their events. Each gets all its attempts again, and keeps
 * the errors of its earlier attempts. Without a condition, all dead deliveries are sent again.
 *
 * Works in batches. The call can be interrupted and repeated: deliveries that were sent again are no longer dead. Deliveries to a
 * paused subscriber wait until it is resumed.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * const { redriven } = await redrive(prisma, { subscriber: "send-welcome-email", error: "ECONNREFUSED" });
 * ```
 */
export function redrive(
  client: Queryable,
  filter: DeadFilter = {},
  options: RedriveOptions = {},
): Promise<RedriveResult> {
  const call = {
    of: "redrive()",
    options,
    known: ["dryRun", ...BATCH_OPTIONS],
    filter: { given: filter, known: DEAD_FILTER },
  };
  return withNames(client, call, async (executor, names) => {
    const settings = checkBatchOptions(options, call);
    const isDry = checkFlag({ ...options }, "dryRun", call);
    checkFilter(filter, call);
    const matched = await countMatching(executor, names, { ...filter, state: "dead" });
    if (isDry) return { matched, redriven: 0 };
    const redriven = await inBatches(matched, settings, (limit, after) =>
      redriveSome(executor, names, filter, limit, after),
    );
    return { matched, redriven };
  });
}
