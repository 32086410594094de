import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { deathsOf, payloadOf } from "./graphile/job-sql.js";
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

// The job records this, because the worker that finds the process dead reads the job anyway. The id of the holder is part of the
// record: a start by an earlier process does not count.
const BEGIN = statement(/* sql */ `
update :WORKER._private_jobs j set payload = ${payloadOf("j", { d: deathsOf("j"), b: "j.locked_by" })}
 where j.id = any($1::bigint[]) and j.locked_by is not null and ${deathsOf("j")} is not null`);

/** Records that handlers are about to run, beside others, for jobs that a dead process held. */
export async function beginSuspects(
  executor: Executor,
  names: SchemaNames,
  jobIds: readonly string[],
): Promise<void> {
  await explained(names, executor.query(BEGIN(names), [jobIds]));
}
