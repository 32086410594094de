import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { deathsOf, payloadOf } from "./graphile/job-sql.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery as long as it has not moved on. */
export interface DeliveryAt {
  readonly position: number;
  readonly subscriptionId: number;
  readonly generation: number;
}

const ISOLATE = statement(
  /* sql */ `select :BUS.set_isolated($1::bigint, $2::integer, $3::integer, $4::boolean)`,
);

/** Puts on record that a delivery's handler is called now, in a process in which nothing else runs; or no longer so. */
export async function setIsolated(
  executor: Executor,
  names: SchemaNames,
  { position, subscriptionId, generation }: DeliveryAt,
  isIsolated: boolean,
): Promise<void> {
  const values = [position, subscriptionId, generation, isIsolated];
  await explained(names, executor.query(ISOLATE(names), values));
}

// In the job, which whoever finds the process dead looks at anyway, and by the name of the one that holds it: what another
// process has begun says nothing.
const BEGIN = statement(/* sql */ `
update :WORKER._private_jobs j set payload = ${payloadOf("j", { d: deathsOf("j"), b: "j.locked_by" })}
 where j.id = any($1::bigint[]) and j.locked_by is not null and ${deathsOf("j")} is not null`);

/** Puts on record that handlers are called now for wake-ups with which a process died, beside others. */
export async function beginSuspects(
  executor: Executor,
  names: SchemaNames,
  jobIds: readonly string[],
): Promise<void> {
  await explained(names, executor.query(BEGIN(names), [jobIds]));
}
