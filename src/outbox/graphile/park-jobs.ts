import { IS_ALIVE } from "../alive-workers.js";
import { explained } from "../database-error.js";
import { type Executor, readRows } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { isSubscribers, notify, PARKED_BY, subscriberOf } from "./job-sql.js";

// graphile-worker's index of ready jobs does not contain their tasks: each query for work skips all ready jobs of subscribers that
// no worker has. A parked job is locked forever by the name of no worker, so that it is not in the index. Its due time stays. The
// limits are literals in the statements, so that PostgreSQL plans for them.

/** A subscriber's task in graphile-worker's tables. */
export interface SubscriberTask {
  readonly id: number;
  readonly subscriber: string;
}

const NAME = subscriberOf("t.identifier");

/** True of a task `t` whose subscriber a living worker has. */
const IS_SERVED = /* sql */ `exists (
    select from :BUS.workers w
     where w.worker_schema = :WORKER_TEXT and ${IS_ALIVE} and ${NAME} = any (w.subscribers))`;

const UNSERVED = statement(/* sql */ `
select t.id, ${NAME} as subscriber
  from :WORKER._private_tasks t
 where ${isSubscribers("t.identifier")} and not ${IS_SERVED}
 order by t.id`);

/** The tasks of subscribers that no living worker of this worker schema has. */
export function unservedTasks(executor: Executor, names: SchemaNames): Promise<readonly SubscriberTask[]> {
  return explained(names, readRows<SubscriberTask>(executor, UNSERVED(names)));
}

/** Fewer jobs are not parked: skipping them is faster than changing them. */
export const FEWEST_PARKED = 1_000;
/** How many jobs one statement parks or frees. */
const BATCH = 10_000;

const IS_READY = "j.is_available = true and j.job_queue_id is null and j.run_at <= pg_catalog.now()";

const COUNT = statement(/* sql */ `
select pg_catalog.count(*)::integer as jobs from (
  select from :WORKER._private_jobs j
   where ${IS_READY} and j.task_id = any ($1::integer[]) limit ${FEWEST_PARKED}) r`);

const PARK = statement(/* sql */ `
with found as (
  select j.id from :WORKER._private_jobs j
   where ${IS_READY} and j.task_id = any ($1::integer[])
   order by j.priority, j.run_at limit ${BATCH} for update skip locked
), parked as (
  update :WORKER._private_jobs j set locked_at = 'infinity', locked_by = '${PARKED_BY}'
   where j.id = any (array(select f.id from found f))
  returning j.id
)
select pg_catalog.count(*)::integer as jobs from parked`);

const FREE = statement(/* sql */ `
with found as (
  select j.id from :WORKER._private_jobs j
   where j.locked_by = '${PARKED_BY}' and j.task_id = any (array(
     select t.id from :WORKER._private_tasks t where ${NAME} = any ($1::text[]) or ${IS_SERVED}))
   limit ${BATCH} for update skip locked
), freed as (
  update :WORKER._private_jobs j set locked_at = null, locked_by = null
   where j.id = any (array(select f.id from found f))
  returning j.id
)
select n.jobs, case when n.jobs > 0 then ${notify(1_000)}::text end as notified
  from (select pg_catalog.count(*)::integer as jobs from freed) n`);

interface Counted {
  readonly jobs: number;
}

/** Parks the ready jobs of tasks, if there are enough to slow down polls. Returns how many. */
export async function parkJobs(
  executor: Executor,
  names: SchemaNames,
  tasks: readonly SubscriberTask[],
  isStopped: () => boolean,
): Promise<number> {
  const ids = tasks.map(({ id }) => id);
  const [ready] = await explained(names, readRows<Counted>(executor, COUNT(names), [ids]));
  if (ready === undefined || ready.jobs < FEWEST_PARKED) return 0;
  return inBatches(() => executor.query<Counted>(PARK(names), [ids]), names, isStopped);
}

/**
 * Frees the parked jobs of subscribers that a living worker has, and notifies workers. Returns how many.
 *
 * @param own the names of subscribers that a starting worker is about to have.
 */
export function freeJobs(
  executor: Executor,
  names: SchemaNames,
  { own = [], isStopped = () => false }: { own?: readonly string[]; isStopped?: () => boolean } = {},
): Promise<number> {
  return inBatches(() => executor.query<Counted>(FREE(names), [own]), names, isStopped);
}

async function inBatches(
  batch: () => Promise<readonly Counted[]>,
  names: SchemaNames,
  isStopped: () => boolean,
): Promise<number> {
  let sum = 0;
  for (;;) {
    const [row] = await explained(names, batch());
    const jobs = row?.jobs ?? 0;
    sum += jobs;
    if (jobs < BATCH || isStopped()) return sum;
  }
}
