import { explained } from "../database-error.js";
import type { Executor } from "../executor.js";
import { type LoadedDelivery, type LoadedRow, readLoaded } from "../load-delivery.js";
import { loadedRow } from "../loaded-columns.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { numberAt } from "./job-sql.js";

/** A job that was taken, and its delivery. */
export interface TakenJob {
  /** The columns of its row that graphile-worker reads. */
  readonly job: { readonly attempts: number };
  /** Undefined if the event is gone, or too large to be read with the others. */
  readonly loaded: LoadedDelivery | undefined;
}

/** The worker that takes jobs, their tasks, and their number. */
export interface TakeOptions {
  /** The id with which graphile-worker locks them. */
  readonly workerId: string;
  /** The ids of the tasks that this worker has. */
  readonly taskIds: readonly number[];
  readonly most: number;
  /** Whether to leave out the events: an event that PostgreSQL cannot read would make the whole statement fail. */
  readonly unread?: boolean;
}

/** The greatest size of the events read with the jobs, in bytes as stored (compressed). Other events are read separately. */
const MOST_BYTES = 2 * 1024 * 1024;

const IN_NO_QUEUE = "jobs.is_available = true and jobs.job_queue_id is null";

/**
 * Locks jobs as graphile-worker itself does, except jobs in named queues: the package uses none. The limit is a literal in the
 * statement, because PostgreSQL would plan a parameter for any number, and sort the whole table. Each priority is read separately,
 * in turn: in the index, the jobs that are due later stand between the ready jobs of two priorities, and PostgreSQL before 18
 * would read them all.
 */
function locking(most: number): string {
  return /* sql */ `
with recursive priorities as (
  (select jobs.priority from :WORKER._private_jobs as jobs where ${IN_NO_QUEUE} order by jobs.priority limit 1)
  union all
  select (select jobs.priority from :WORKER._private_jobs as jobs
           where ${IN_NO_QUEUE} and jobs.priority > p.priority order by jobs.priority limit 1)
    from priorities p where p.priority is not null
), found as (
  select ready.id from priorities p cross join lateral (
    select jobs.id from :WORKER._private_jobs as jobs
     where ${IN_NO_QUEUE} and jobs.priority = p.priority and jobs.run_at <= pg_catalog.now()
       and jobs.task_id = any($2::integer[])
     order by jobs.run_at asc
     limit ${most} for update skip locked) ready
   limit ${most}
), locked as (
  update :WORKER._private_jobs as jobs
     set attempts = jobs.attempts + 1, locked_by = $1::text, locked_at = pg_catalog.now()
   where jobs.id = any(array(select f.id from found f))
  returning jobs.id, jobs.task_id, jobs.payload, jobs.priority, jobs.run_at, jobs.attempts, jobs.max_attempts
)`;
}

const COLUMNS = "t.id as job_id, t.task_id, t.payload, t.attempts as job_attempts, t.max_attempts";

/** The columns that are left out if the event exceeds {@link MOST_BYTES}. */
const LARGE = ["aggregate", "changes", "initial_data", "metadata", "types"];
const SMALL = [
  ...["position", "id", "name", "version", "aggregate_type", "aggregate_key", "operation", "source_schema"],
  ...["occurred_at", "state", "generation", "attempt", "deaths", "isolated", "paused", "subscriber", "sent"],
];

/** Takes jobs, and reads their events and deliveries in the same statement. */
function take(most: number) {
  const sizes = LARGE.map((column) => `coalesce(pg_catalog.pg_column_size(l.${column}), 0)`).join(" + ");
  const fitting = (value: string) => `case when t.bytes <= ${MOST_BYTES} then ${value} end`;
  const columns = [
    ...SMALL.map((column) => `t.${column}`),
    ...LARGE.map((column) => `${fitting(`t.${column}`)} as ${column}`),
  ];
  return statement(/* sql */ `${locking(most)}, taken as (
  select c.id as job_id, c.task_id, c.payload, c.attempts as job_attempts, c.max_attempts,
         pg_catalog.row_number() over (order by c.priority, c.run_at, c.id) as number,
         ${numberAt("c", "p", "bigint", 18)} as p, ${numberAt("c", "s", "integer", 9)} as s
    from locked c
)
select t.job_id, t.task_id, t.payload, t.job_attempts, t.max_attempts, ${fitting("t.n")} as n, ${columns.join(", ")}
  from (select t.*, l.*, pg_catalog.sum(${sizes}) over (order by t.number) as bytes
          from taken t
          left join lateral (${loadedRow({ n: "1", position: "t.p", subscriptionId: "t.s", again: "t.job_attempts > 1" })}) l on true) t
 order by t.number`);
}

/**
 * The same for one job, without the call of a function and so with a faster plan. An idle worker takes its next job with it.
 */
function takeOne() {
  return statement(/* sql */ `${locking(1)}
select ${COLUMNS}, l.*
  from (select c.*, ${numberAt("c", "p", "bigint", 18)} as p, ${numberAt("c", "s", "integer", 9)} as s from locked c) t
  left join lateral (${loadedRow({ n: "1", position: "t.p", subscriptionId: "t.s", again: "t.attempts > 1" })}) l on true`);
}

/** The same without reading events. */
function takeUnread(most: number) {
  return statement(`${locking(most)}
select ${COLUMNS}, null::integer as n from locked t order by t.priority, t.run_at, t.id`);
}

function textFor(most: number, unread: boolean): ReturnType<typeof statement> {
  if (unread) return takeUnread(most);
  return most === 1 ? takeOne() : take(most);
}

const TEXTS = new Map<string, ReturnType<typeof statement>>();

/** Each is made once. */
function textOf(name: string, make: () => ReturnType<typeof statement>): ReturnType<typeof statement> {
  const text = TEXTS.get(name) ?? make();
  TEXTS.set(name, text);
  return text;
}

interface TakenRow extends Omit<LoadedRow, "n"> {
  readonly n: number | null;
  readonly job_id: string;
  readonly task_id: number;
  readonly payload: unknown;
  readonly job_attempts: number;
  readonly max_attempts: number;
}

/** Takes up to `most` jobs that are due, in the order in which graphile-worker would take them. */
export async function takeJobs(
  executor: Executor,
  names: SchemaNames,
  { workerId, taskIds, most, unread = false }: TakeOptions,
): Promise<readonly TakenJob[]> {
  const name = `take ${most}${unread ? " unread" : ""}`;
  const text = textOf(name, () => textFor(most, unread));
  const rows = await explained(names, executor.query<TakenRow>(text(names), [workerId, taskIds], name));
  return rows.map((row) => ({
    job: {
      id: row.job_id,
      job_queue_id: null,
      task_id: row.task_id,
      payload: row.payload,
      attempts: row.job_attempts,
      max_attempts: row.max_attempts,
    },
    loaded: row.n === null ? undefined : readLoaded(row as LoadedRow),
  }));
}
