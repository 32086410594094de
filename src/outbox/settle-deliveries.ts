import { explainFailure } from "./database-error.js";
import type { Executor } from "./executor.js";
import type { DeliveryError, DeliveryState } from "./find-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** How a delivery moves on. */
export interface Settlement {
  readonly position: number;
  readonly subscriptionId: number;
  /** The generation that the caller holds; the delivery moves only when it is still the current one. */
  readonly generation: number;
  /** Attempts made, this one included where it counts. */
  readonly attempts: number;
  readonly state: Exclude<DeliveryState, "waiting">;
  /** For `retrying` and `snoozed`: how long until the next attempt, by the clock of the database. */
  readonly dueMs?: number;
  readonly error?: DeliveryError;
  /** Who settled it. */
  readonly claim?: string;
}

const SETTLE = statement(
  /* sql */ `select position, subscription_id, generation from :BUS.settle($1::jsonb)`,
);

interface Moved {
  readonly position: bigint | string;
  readonly subscription_id: number;
  readonly generation: number;
}

/**
 * Moves deliveries on and, where another attempt is due, adds its wake-up, in one statement.
 *
 * @returns for each settlement whether it took effect; false: the generation was not the current one any more.
 */
export async function settleDeliveries(
  executor: Executor,
  names: SchemaNames,
  settlements: readonly Settlement[],
): Promise<readonly boolean[]> {
  const input = settlements.map((settlement) => ({
    p: settlement.position,
    s: settlement.subscriptionId,
    g: settlement.generation,
    a: settlement.attempts,
    state: settlement.state,
    dueMs: settlement.dueMs,
    error: settlement.error,
    claim: settlement.claim,
  }));
  try {
    const rows = await executor.query<Moved>(SETTLE(names), [JSON.stringify(input)]);
    // Taken out when it is found: of two settlements of one delivery only one took effect.
    const moved = new Set(rows.map((row) => `${row.position}/${row.subscription_id}/${row.generation}`));
    return settlements.map((settlement) => moved.delete(keyOf(settlement)));
  } catch (error) {
    throw explainFailure(error, names);
  }
}

function keyOf({ position, subscriptionId, generation }: Settlement): string {
  return `${position}/${subscriptionId}/${generation}`;
}
