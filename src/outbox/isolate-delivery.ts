import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery at one generation. */
export interface DeliveryAt {
  readonly position: number;
  readonly subscriptionId: number;
  readonly generation: number;
}

const ISOLATE = statement(
  /* sql */ `select :BUS.set_isolated($1::bigint, $2::integer, $3::integer, $4::boolean)`,
);

/** Records that a handler is about to run isolated, or is no longer isolated. */
export async function setIsolated(
  executor: Executor,
  names: SchemaNames,
  { position, subscriptionId, generation }: DeliveryAt,
  isIsolated: boolean,
): Promise<void> {
  const values = [position, subscriptionId, generation, isIsolated];
  await explained(names, executor.query(ISOLATE(names), values));
}
