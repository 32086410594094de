import { deathsOf, isBegun, numberAt, payloadOf } from "./job-sql.js";

/**
 * A process holds more jobs than it has begun, and cannot have died of those that it has not. The first death counts for all that
 * it held. From then on a start is recorded, see begin-suspects.ts, and only a death after the start counts.
 */
const DIED_ONCE_MORE = payloadOf("j", {
  d: `case when ${isBegun("j")} then coalesce(${deathsOf("j")}, 0) + 1 else coalesce(${deathsOf("j")}, 1) end`,
});

/**
 * SQL: unlocks the jobs of dead workers, and counts the death in each. `ids` is an array of the ids of the workers, or null. Jobs
 * of other programs stay as they are.
 */
export function countDeaths(ids: string): string {
  return /* sql */ `update :WORKER._private_jobs j set locked_at = null, locked_by = null, payload = ${DIED_ONCE_MORE}
   where ${ids} is not null and j.locked_by = any(${ids}::text[])
     and ${numberAt("j", "p", "bigint", 18)} is not null
  returning j.id`;
}

/** SQL: unlocks all jobs and queues of workers. `ids` is an array of their ids. */
export function unlockJobs(ids: string): string {
  return `:WORKER.force_unlock_workers(${ids})::text`;
}
