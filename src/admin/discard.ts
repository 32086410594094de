import { countMatching, discardSome } from "../outbox/dead-deliveries.js";
import type { DeliveryConditions } from "../outbox/delivery-filter.js";
import type { DeliveryState } from "../outbox/delivery-state.js";
import type { Queryable } from "../outbox/executor.js";
import { checkFlag, invalidOption, within } from "../registry/check-options.js";
import { checkFilter } from "./check-filter.js";
import { BATCH_OPTIONS, type BatchOptions, checkBatchOptions, inBatches } from "./in-batches.js";
import { DEAD_FILTER } from "./redrive.js";
import { withNames } from "./with-names.js";

/** The states of deliveries that can be discarded: open and dead ones. */
export type DiscardableState = Exclude<DeliveryState, "delivered" | "cancelled">;

const DISCARDABLE: readonly string[] = ["waiting", "retrying", "snoozed", "paused", "dead"];

/** Selects deliveries. All given conditions must hold. */
export interface DiscardFilter extends Omit<DeliveryConditions, "state"> {
  /** Defaults to `"dead"`. Open deliveries can be discarded too, for example those of a subscriber that is gone. */
  readonly state?: DiscardableState | readonly DiscardableState[] | undefined;
}

export interface DiscardOptions extends BatchOptions {
  /** Why the deliveries are discarded. Stored with each delivery. At most 2000 characters. */
  readonly reason: string;
  /** Counts the deliveries that would be discarded, and changes nothing. Defaults to false. */
  readonly dryRun?: boolean | undefined;
}

export interface DiscardResult {
  /** How many deliveries fitted the filter at the start. */
  readonly matched: number;
  /** How many were discarded. */
  readonly discarded: number;
}

/**
 * Discards deliveries: they are cancelled with a reason, and keep their errors. Without a state in the filter, only dead
 * deliveries are discarded. Works in batches, like `redrive`.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * await discard(prisma, { subscriber: "old-crm", state: ["waiting", "dead"] }, { reason: "the old CRM is gone" });
 * ```
 */
export function discard(
  client: Queryable,
  filter: DiscardFilter,
  options: DiscardOptions,
): Promise<DiscardResult> {
  const call = {
    of: "discard()",
    options,
    known: ["reason", "dryRun", ...BATCH_OPTIONS],
    filter: { given: filter, known: [...DEAD_FILTER, "state"] },
  };
  return withNames(client, call, async (executor, names) => {
    const settings = checkBatchOptions(options, call);
    const isDry = checkFlag({ ...options }, "dryRun", call);
    checkFilter(filter, call);
    const state = [filter.state ?? "dead"].flat();
    for (const one of state) {
      if (!DISCARDABLE.includes(one))
        throw invalidOption("state", one, `one of ${DISCARDABLE.join(", ")}`, within(call, "filter"));
    }
    const { reason } = options;
    if (typeof reason !== "string" || reason.trim() === "" || reason.length > 2_000)
      throw invalidOption("reason", reason, "a text of 1 to 2000 characters that says why", call);
    const wanted = { ...filter, state };
    const matched = await countMatching(executor, names, wanted);
    if (isDry) return { matched, discarded: 0 };
    const discarded = await inBatches(matched, settings, (limit, after) =>
      discardSome(executor, names, wanted, reason, limit, after),
    );
    return { matched, discarded };
  });
}
