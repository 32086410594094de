import type { Executor } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { notify, notifyParameter } from "./job-sql.js";

// A publisher that saw the old value sends no notification. So this statement sends one, and the worker looks once more for jobs
// that were committed meanwhile.
const AWAIT = statement(/* sql */ `
with told as (
  update :BUS.workers set awaits_jobs = $2::boolean where id = $1::text and awaits_jobs <> $2 returning awaits_jobs
)
select case when awaits_jobs then ${notify(1)}::text end from told`);

/** Records whether a worker needs notifications of new jobs. A worker that always finds jobs does not. */
export async function awaitJobs(
  executor: Executor,
  names: SchemaNames,
  workerId: string,
  awaits: boolean,
): Promise<void> {
  await executor.query(AWAIT(names), [workerId, awaits]);
}

const WAKE = /* sql */ `select ${notifyParameter("$1::integer")}`;

/** Notifies graphile-worker: up to `count` idle workers look for jobs, in every worker schema. */
export async function wakeWorkers(executor: Executor, count: number): Promise<void> {
  await executor.query(WAKE, [count]);
}
