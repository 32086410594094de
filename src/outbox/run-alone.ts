import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery as long as it has not moved on. */
export interface DeliveryAt {
  readonly position: number;
  readonly subscriptionId: number;
  readonly generation: number;
}

const RUN_ALONE = statement(/* sql */ `select :BUS.run_alone($1::bigint, $2::integer, $3::integer)`);

/** Puts on record that a delivery's handler is called now, in a process in which nothing else runs. */
export async function runDeliveryAlone(
  executor: Executor,
  names: SchemaNames,
  { position, subscriptionId, generation }: DeliveryAt,
): Promise<void> {
  await explained(names, executor.query(RUN_ALONE(names), [position, subscriptionId, generation]));
}
