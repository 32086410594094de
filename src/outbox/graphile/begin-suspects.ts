import { explained } from "../database-error.js";
import type { Executor } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { deathsOf, payloadOf } from "./job-sql.js";

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
