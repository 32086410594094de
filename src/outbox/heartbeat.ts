import { WAS_SILENT_TOO_LONG } from "./alive-workers.js";
import type { Executor } from "./executor.js";
import { deathsOf, isBegun, numberAt, payloadOf } from "./graphile/job-sql.js";
import { SCHEMA_VERSION } from "./migrations.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A worker as the others see it. */
export interface WorkerRow {
  /** What graphile-worker locks this worker's jobs with. */
  readonly id: string;
  /** What it calls itself in records and lines. */
  readonly name: string;
  readonly application: string;
  /** The version of the package that it runs. */
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** After how much silence it is held for dead. */
  readonly deadAfterMs: number;
  /** The names of those that it has handlers for. */
  readonly subscribers: readonly string[];
  /** The ids of the policies that it has for them. Defaults to none. */
  readonly policies?: readonly number[];
  /** What it does for them. */
  readonly activity: Readonly<Record<string, { readonly running: number; readonly delivered: number }>>;
  /** The id that the same process had until its connections broke, when it beats for the first time with a new one. */
  readonly formerId?: string | undefined;
}

/** What a heartbeat found. */
export interface Heartbeat {
  /** The row was not there: this is the first one, or others held the worker for dead. */
  readonly fresh: boolean;
  /** The names of the dead workers that it removed. */
  readonly swept: readonly string[];
}

/**
 * The payload of a wake-up `j` whose process is found dead. A process holds more than it has begun, and what it has begun is
 * put on record from the second time on: see {@link beginSuspects}. What is not ours stays as it is.
 */
const DIED_ONCE_MORE = payloadOf("j", {
  d: `case when ${isBegun("j")} then coalesce(${deathsOf("j")}, 0) + 1 else coalesce(${deathsOf("j")}, 1) end`,
});

/** After so long graphile-worker itself frees what a worker had claimed (four hours). */
const FORGOTTEN_AFTER = "interval '5 hours'";

/**
 * What was written by so much later than now was written before the server's clock was put back. A worker that lives says so
 * anew; of one that does not, its silence is counted from when somebody sees that.
 */
const CLOCK_IS_BACK = "interval '1 second'";

// One statement, so that no crash can come between removing a dead worker and freeing its jobs. Only the clock of the
// database counts, and while the server was down nobody could beat. graphile-worker sends no notification for unlocked
// jobs, hence the first pg_notify; the second one wakes nobody: it lets the worker see that it can still hear.
// What a dead worker holds is freed again after deadAfterMs, then after twice, four times, … as long: see "departed".
// Who finds by its own row that it was itself silent for so long as to be held for dead cannot tell of the others: the clock
// of the server was put ahead, everything stood still, or there was no way to the server. From then on their silence is counted
// anew. One with new connections has its former row to tell it so. A worker that is new has none, and takes for dead who has
// not beaten since.
// Only here a wake-up learns that a process died with it. That it was claimed before says nothing of that: a connection
// breaks before the answer comes, a delivery fails before it can be recorded, a worker stops. The count is taken before
// graphile-worker frees the rest: one command must not write a row twice.
const BEAT = statement(/* sql */ `
with before as (
  -- As it was when the statement began.
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
  update :WORKER._private_jobs j set locked_at = null, locked_by = null, payload = ${DIED_ONCE_MORE}
   where (select f.died from freed f) is not null and j.locked_by = any((select f.died from freed f)::text[])
     and ${numberAt("j", "p", "bigint", 18)} is not null
  returning j.id
)
select own.fresh, coalesce(swept.names, '{}') as swept,
       case when freed.ids is not null and (select pg_catalog.count(*) from marked) >= 0
         then :WORKER.force_unlock_workers(freed.ids)::text end as unlocked,
       case when freed.ids is not null then pg_catalog.pg_notify('jobs:insert', '{"count":1000}')::text end as notified,
       pg_catalog.pg_notify('jobs:insert', '{"count":0}')::text as heard
  from own, swept, freed`);

const RETIRE = statement(/* sql */ `
with gone as (
  delete from :BUS.workers where id = $1::text returning dead_after_ms
), departing as (
  insert into :BUS.departed (id, worker_schema, look_at, died)
  select $1::text, :WORKER_TEXT, pg_catalog.clock_timestamp() + dead_after_ms::float8 * interval '1 millisecond', false from gone
  on conflict (id) do update set departed_at = pg_catalog.clock_timestamp(), look_at = excluded.look_at, died = false
)
select :WORKER.force_unlock_workers(array[$1::text])::text as unlocked,
       pg_catalog.pg_notify('jobs:insert', '{"count":1000}')::text as notified`);

/** Says that a worker lives, and frees what dead workers of the same worker schema had claimed. */
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

/** Frees whatever a worker that has ended, or lost its connections, still holds, and removes it. No process died of it. */
export async function retireWorker(executor: Executor, names: SchemaNames, id: string): Promise<void> {
  await executor.query(RETIRE(names), [id]);
}
