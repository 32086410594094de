/**
 * A part of a statement that deletes jobs: its waits for locks end after the same time as those of the functions that settle
 * deliveries. If another transaction has locked one of the jobs, the statement fails with `55P03`, and the outcomes that it
 * records beside the deletion do not wait. The setting ends with the statement.
 */
export const BRIEFLY = /* sql */ `briefly as materialized (
  select pg_catalog.set_config('lock_timeout', '250ms', true) as set
)`;

/**
 * SQL: deletes the jobs with these ids, in a statement with {@link BRIEFLY}. `ids` is an array as SQL. A job that another program
 * has put into a named queue stays, because the queue must be unlocked with it: graphile-worker deletes it.
 */
export function deleteJobs(ids: string): string {
  // The first condition sets the limit, once and before anything is deleted.
  return /* sql */ `delete from :WORKER._private_jobs j
   where (select b.set from briefly b) is not null and j.id = any(${ids}) and j.job_queue_id is null`;
}
