import { WAS_SILENT_TOO_LONG } from "./alive-workers.js";
import type { Executor } from "./executor.js";
import { notify } from "./graphile/job-sql.js";
import { countDeaths, unlockJobs } from "./graphile/unlock-jobs.js";
import { SCHEMA_VERSION } from "./migrations.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The row of a worker in the table of workers. */
export interface WorkerRow {
  /** The id by which graphile-worker locks jobs for it. */
  readonly id: string;
  /** Its name in records and log lines. */
  readonly name: string;
  readonly application: string;
  /** The version of the package. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** The silence after which other workers take it for dead. */
  readonly deadAfterMs: number;
  /** The names of the subscribers that it has handlers for. */
  readonly subscribers: readonly string[];
  /** The ids of its policies for them. Defaults to none. */
  readonly policies?: readonly number[];
  /** Its deliveries to them. */
  readonly activity: Readonly<Record<string, { readonly running: number; readonly delivered: number }>>;
  /** Only with the first heartbeat after new connections: the id that the same process had before. */
  readonly formerId?: string | undefined;
}

/** The result of a heartbeat. */
export interface Heartbeat {
  /** The worker had no row: this is its first heartbeat, or other workers took it for dead. */
  readonly fresh: boolean;
  /** The names of the dead workers that it removed. */
  readonly swept: readonly string[];
}

/** After four hours graphile-worker itself frees the jobs of a worker. */
const FORGOTTEN_AFTER = "interval '5 hours'";

/**
 * A time that is later than now by more than this was written before the server's clock was put back. A living worker then writes a
 * new time. The silence of a dead one is counted from the moment at which another worker notices.
 */
const CLOCK_IS_BACK = "interval '1 second'";

// One statement, so that a crash cannot come between removing a dead worker and unlocking its jobs. Only the clock of the database
// counts. The time while the server was down does not, because no worker could send a heartbeat.
//
// graphile-worker sends no notification for unlocked jobs, so the statement sends one. The other notification wakes no worker: by
// it the worker checks that notifications still reach it.
//
// The jobs of a dead worker are unlocked again after deadAfterMs, and then after twice, four times, … as long: see the table
// "departed".
//
// If a worker's own row says that it was silent for too long, it cannot judge the others: the server's clock was put ahead, all
// processes stood still, or none could reach the server. So it counts their silence from now on. After new connections, the former
// row tells that. A new worker has no row, and takes for dead each worker that has been silent for too long.
//
// Only here a job learns that a process died with it. A job that was taken before need not mean that: the connection may have
// broken before the answer came, the delivery may have failed before its outcome was recorded, or the worker may have stopped. The
// deaths are counted before graphile-worker unlocks the other jobs, because one statement must not write a row twice.
const BEAT = statement(/* sql */ `
with before as (
  -- A part of a statement sees the rows as they were when the statement began.
  select pg_catalog.bool_or(${WAS_SILENT_TOO_LONG}) as was_silent from :BUS.workers w where w.id in ($1::text, $12::text)
), own as (
  insert into :BUS.workers as w (id, application, worker_schema, version, schema_version, host, pid, dead_after_ms, name,
                             subscribers, activity, policies)
  values ($1::text, $2::text, :WORKER_TEXT, $3::text, $4::integer, $5::text, $6::integer, $7::integer, $8::text,
          $9::text[], $10::jsonb, $11::bigint[])
  on conflict (id) do update set heartbeat_at = pg_catalog.clock_timestamp(), activity = excluded.activity
  returning (xmax = 0) as fresh
), dead as (
  delete from :BUS.workers where id in (
    select w.id from :BUS.workers w
     where w.worker_schema = :WORKER_TEXT and w.id <> $1
       and ${WAS_SILENT_TOO_LONG}
       and not coalesce((select before.was_silent from before), false)
       for update skip locked)
  returning id, name, dead_after_ms
), counted_anew as (
  update :BUS.workers set heartbeat_at = pg_catalog.clock_timestamp() where id in (
    select w.id from :BUS.workers w
     where (select own.fresh from own) is not null and w.worker_schema = :WORKER_TEXT and w.id <> $1
       and (w.heartbeat_at > pg_catalog.clock_timestamp() + ${CLOCK_IS_BACK}
            or coalesce((select before.was_silent from before), false) and ${WAS_SILENT_TOO_LONG})
       for update skip locked)
), departing as (
  insert into :BUS.departed (id, worker_schema, look_at, died)
  select id, :WORKER_TEXT, pg_catalog.clock_timestamp() + dead_after_ms::float8 * interval '1 millisecond', true from dead
  on conflict (id) do update set departed_at = pg_catalog.clock_timestamp(), look_at = excluded.look_at, died = true
), looked as (
  update :BUS.departed set departed_at = least(departed_at, pg_catalog.clock_timestamp()),
         look_at = greatest(pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp() + (pg_catalog.clock_timestamp() - departed_at))
   where id in (
    select d.id from :BUS.departed d
     where d.worker_schema = :WORKER_TEXT
       and (d.look_at <= pg_catalog.clock_timestamp() or d.departed_at > pg_catalog.clock_timestamp() + ${CLOCK_IS_BACK})
       and d.departed_at > pg_catalog.clock_timestamp() - ${FORGOTTEN_AFTER}
       and not exists (select from :BUS.workers w where w.id = d.id)
       for update skip locked)
  returning id, died
), forgotten as (
  delete from :BUS.departed where departed_at <= pg_catalog.clock_timestamp() - ${FORGOTTEN_AFTER}
), swept as (
  select pg_catalog.array_agg(id) as ids, pg_catalog.array_agg(coalesce(nullif(name, ''), id)) as names from dead
), freed as (
  select pg_catalog.array_agg(id) as ids, pg_catalog.array_agg(id) filter (where died) as died
    from (select id, true as died from dead union all select id, died from looked) f
), marked as (
  ${countDeaths("(select f.died from freed f)")}
)
select own.fresh, coalesce(swept.names, '{}') as swept,
       case when freed.ids is not null and (select pg_catalog.count(*) from marked) >= 0
         then ${unlockJobs("freed.ids")} end as unlocked,
       case when freed.ids is not null then ${notify(1_000)}::text end as notified,
       ${notify(0)}::text as heard
  from own, swept, freed`);

const RETIRE = statement(/* sql */ `
with gone as (
  delete from :BUS.workers where id = $1::text returning dead_after_ms
), departing as (
  insert into :BUS.departed (id, worker_schema, look_at, died)
  select $1::text, :WORKER_TEXT, pg_catalog.clock_timestamp() + dead_after_ms::float8 * interval '1 millisecond', false from gone
  on conflict (id) do update set departed_at = pg_catalog.clock_timestamp(), look_at = excluded.look_at, died = false
)
select ${unlockJobs("array[$1::text]")} as unlocked, ${notify(1_000)}::text as notified`);

/** Records that a worker is alive, removes dead workers of the same worker schema, and unlocks their jobs. */
export async function beat(executor: Executor, names: SchemaNames, worker: WorkerRow): Promise<Heartbeat> {
  const {
    id,
    name,
    application,
    version,
    host,
    pid,
    deadAfterMs,
    subscribers,
    policies = [],
    activity,
    formerId = null,
  } = worker;
  const [row] = await executor.query<Heartbeat>(BEAT(names), [
    id,
    application,
    version,
    SCHEMA_VERSION,
    host,
    pid,
    deadAfterMs,
    name,
    subscribers,
    JSON.stringify(activity),
    policies,
    formerId,
  ]);
  return { fresh: row?.fresh ?? false, swept: row?.swept ?? [] };
}

/** Removes a worker that has ended or lost its connections, and unlocks its jobs. That does not count as a death. */
export async function retireWorker(executor: Executor, names: SchemaNames, id: string): Promise<void> {
  await executor.query(RETIRE(names), [id]);
}
