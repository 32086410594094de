import type { Executor } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";

// A publisher that still saw the old value notifies nobody: the notification makes this worker look once more for what
// was committed meanwhile.
const AWAIT = statement(/* sql */ `
with told as (
  update :BUS.workers set awaits_jobs = $2::boolean where id = $1::text and awaits_jobs <> $2 returning awaits_jobs
)
select case when awaits_jobs then pg_catalog.pg_notify('jobs:insert', '{"count":1}')::text end from told`);

/** Says whether a worker wants to be notified of new jobs: one that finds some whenever it looks does not. */
export async function awaitJobs(
  executor: Executor,
  names: SchemaNames,
  workerId: string,
  awaits: boolean,
): Promise<void> {
  await executor.query(AWAIT(names), [workerId, awaits]);
}

const WAKE = /* sql */ `select pg_catalog.pg_notify('jobs:insert', pg_catalog.json_build_object('count', $1::integer)::text)`;

/** Has up to `count` idle workers of graphile-worker look for jobs, whatever their schema is. */
export async function wakeWorkers(executor: Executor, count: number): Promise<void> {
  await executor.query(WAKE, [count]);
}
