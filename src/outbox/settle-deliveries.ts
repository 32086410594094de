import { explained } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import type { Executor } from "./executor.js";
import type { DeliveryError } from "./find-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** Where a delivery can be moved to. */
export type SettledState = Exclude<DeliveryState, "waiting">;

/** How a delivery moves on. */
export interface Settlement {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation that the caller holds; the delivery moves only when it is still the current one. */
  readonly generation: number;
  /** Attempts made, this one included where it counts. */
  readonly attempts: number;
  readonly state: SettledState;
  /** For `retrying` and `snoozed`: how long until the next attempt, by the clock of the database. */
  readonly dueMs?: number;
  readonly error?: DeliveryError;
  /** It is put on record that processes died with it. */
  readonly died?: boolean;
  /** Why it is cancelled. */
  readonly reason?: string;
  /** Who settles it: a name of its own for each run of a handler, so that who settles again is recognised. */
  readonly claim?: string;
}

const SETTLE = statement(
  /* sql */ `select position, subscription_id, generation, state from :BUS.settle($1::jsonb)`,
);

interface NotMoved {
  readonly position: bigint | string;
  readonly subscription_id: number;
  readonly generation: number;
  readonly state: SettledState | null;
}

/**
 * Moves deliveries on and, where another attempt is due, adds its wake-up, in one statement.
 *
 * @returns for each settlement where its claim has moved the delivery to, now or before; undefined: the generation was
 * not the current one any more.
 */
export async function settleDeliveries(
  executor: Executor,
  names: SchemaNames,
  settlements: readonly Settlement[],
): Promise<readonly (SettledState | undefined)[]> {
  const input = settlements.map((settlement) => ({
    p: settlement.position,
    s: settlement.subscriptionId,
    g: settlement.generation,
    a: settlement.attempts,
    state: settlement.state,
    dueMs: settlement.dueMs,
    error: settlement.error,
    died: settlement.died,
    reason: settlement.reason,
    claim: settlement.claim,
  }));
  const rows = await explained(names, executor.query<NotMoved>(SETTLE(names), [JSON.stringify(input)]));
  const states = new Map<string, SettledState | undefined>(
    rows.map((row) => [`${row.position}/${row.subscription_id}/${row.generation}`, row.state ?? undefined]),
  );
  return settlements.map((settlement) => {
    const key = keyOf(settlement);
    if (states.has(key)) return states.get(key);
    // Of two settlements of one delivery only one took effect.
    states.set(key, undefined);
    return settlement.state;
  });
}

function keyOf({ position, subscriptionId, generation }: Settlement): string {
  return `${position}/${subscriptionId}/${generation}`;
}
