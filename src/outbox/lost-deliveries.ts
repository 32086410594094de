import { databaseFailure, explained, explainFailure } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { numberAt, PARKED_BY } from "./job-sql.js";
import { hasNoRecord, isNamed, markOf } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

// An open delivery has a job for its generation, or nobody makes it. Both are written in one transaction, and a job goes
// with or after the record of what became of the delivery. So one snapshot never shows an open delivery without its job,
// unless the job was taken away by somebody else, or spoilt. Nothing here may look at the two in different statements.

/** From where on deliveries are looked at: after this one, by subscription and position. */
export interface LookedUpTo {
  readonly subscriptionId: number;
  readonly position: number;
}

/** So many are woken together: one of them that somebody holds keeps the others of its batch waiting, and no more. */
const MOST_WOKEN = 500;
const LOCK_NOT_AVAILABLE = "55P03";

export const FROM_THE_FIRST: LookedUpTo = { subscriptionId: 0, position: -1 };

/** An open delivery that seems to have no job. */
interface Suspect {
  readonly p: number;
  readonly s: number;
  readonly g: number;
}

// To a role that does not see the jobs all of them look lost. graphile-worker's tables have row-level security, and what a
// policy lets through is only known of one that lets everything through.
const VISIBLE = statement(/* sql */ `
select coalesce(pg_catalog.count(*) = 2::bigint and pg_catalog.bool_and(pg_catalog.has_table_privilege(t.oid, 'select') and (
         not pg_catalog.row_security_active(t.oid)
         or exists (select from pg_catalog.pg_policies p
                     where p.schemaname = :WORKER_TEXT and p.tablename = t.relname and p.permissive = 'PERMISSIVE'
                       and p.cmd in ('ALL', 'SELECT') and p.qual = 'true'
                       and exists (select from pg_catalog.unnest(p.roles) r(name)
                                    where r.name = 'public' or pg_catalog.pg_has_role(r.name, 'usage')))
        and not exists (select from pg_catalog.pg_policies p
                         where p.schemaname = :WORKER_TEXT and p.tablename = t.relname and p.permissive <> 'PERMISSIVE'))),
       false) as visible
  from pg_catalog.pg_class t join pg_catalog.pg_namespace n on n.oid = t.relnamespace
 where n.nspname = :WORKER_TEXT and t.relname in ('_private_jobs', '_private_tasks')`);

/** A job that somebody runs, or can run: not one whose attempts were used up by other means than ours. */
const IS_USABLE = "(j.locked_at is not null or j.attempts < j.max_attempts)";

/** Open deliveries of a subscription `s` in one state, from a position on. */
function openIn(state: string, after: string): string {
  return /* sql */ `
      (select d.position, d.generation, true as has_row from :BUS.deliveries d
        where d.subscription_id = s.id and d.state = '${state}' and d.state <> 'delivered' and d.position > ${after}
        order by d.position limit $3::integer)`;
}

const AFTER = "case when s.id = $1::integer then $2::bigint else -1::bigint end";

// What comes next is taken first, so many rows and events whatever became of them, and then looked at: behind one delivery
// that waits for long there may be a million that are made. The jobs are compared as texts, which is many times faster than
// taking each of them apart. Compared by `except`: on connections of workers nothing is hashed or merged to be joined, and
// each delivery would be looked for among all jobs. Subscribers that are paused are looked at when they go on.
const SUSPECTS = statement(/* sql */ `
with next as materialized (
  select s.id, s.subscriber, n.position, n.generation, n.has_row
    from :BUS.subscriptions s cross join lateral (
      select u.position, u.generation, u.has_row from (
        ${["waiting", "retrying", "snoozed"].map((state) => openIn(state, AFTER)).join(" union all ")}
        union all
        (select e.position, 0 as generation, case when s.id = any (e.fanout) then false end as has_row from :BUS.events e
          where ${isNamed("s.event_name", `greatest(${AFTER} + 1::bigint, ${markOf("s.id")})`)}
          order by e.name, e.position limit $3::integer)) u
       order by u.position limit $3::integer) n
   where s.worker_schema = :WORKER_TEXT and s.id >= $1::integer and not s.paused
   order by s.id, n.position limit $3::integer
), lost as (
  select 'event_bus:' || n.subscriber as identifier,
         pg_catalog.format('{"p" : %s, "s" : %s, "g" : %s', n.position, n.id, n.generation) as payload
    from next n where n.has_row or (not n.has_row and ${hasNoRecord("n.position", "n.id")})
  except
  select t.identifier, pg_catalog.split_part(j.payload::text, ', "a"', 1)
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where ${IS_USABLE}
)
select (select pg_catalog.count(*) from next)::integer as seen,
       (select n.id from next n order by n.id desc, n.position desc limit 1) as "subscriptionId",
       (select n.position from next n order by n.id desc, n.position desc limit 1)::float8 as position,
       coalesce((select pg_catalog.jsonb_agg((l.payload || '}')::jsonb) from lost l), '[]') as lost`);

// Whether they are still open, and have no job, however its payload is written, is seen at one moment.
const CONFIRMED = /* sql */ `
with lost as (
  select k.p, k.s, k.g, 'event_bus:' || s.subscriber as identifier
    from pg_catalog.jsonb_to_recordset($1::jsonb) as k(p bigint, s integer, g integer)
    join :BUS.subscriptions s on s.id = k.s and s.worker_schema = :WORKER_TEXT
    left join :BUS.deliveries d on d.position = k.p and d.subscription_id = k.s
   where case when d.position is null then k.g = 0 and ${hasNoRecord("k.p", "k.s")}
                   and exists (select from :BUS.events e where e.position = k.p)
              else d.generation = k.g and d.state in ('waiting', 'retrying', 'snoozed') end
  except
  select ${numberAt("j", "p", "bigint", 18)}, ${numberAt("j", "s", "integer", 9)}, ${numberAt("j", "g", "integer", 9)}, t.identifier
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where ${IS_USABLE}
     and t.identifier = any (array(select 'event_bus:' || s.subscriber from :BUS.subscriptions s where s.worker_schema = :WORKER_TEXT))
)`;

const COUNT = statement(/* sql */ `${CONFIRMED}
select s.subscriber, pg_catalog.count(*)::integer as deliveries
  from lost l join :BUS.subscriptions s on s.id = l.s group by s.subscriber order by 1`);

const WAKE = statement(/* sql */ `${CONFIRMED}
select w.subscriber, pg_catalog.count(*)::integer as deliveries
  from (select pg_catalog.array_agg(l.p order by l.p, l.s) as positions, pg_catalog.array_agg(l.s order by l.p, l.s) as ids,
               pg_catalog.array_agg(l.g order by l.p, l.s) as generations from lost l) a,
       :BUS.wake_lost(a.positions, a.ids, a.generations) w
 group by w.subscriber order by 1`);

/** How many deliveries of a subscriber were found to have no job. */
export interface LostDeliveries {
  readonly subscriber: string;
  readonly deliveries: number;
}

/** What a look at some of the open deliveries found. */
interface Look {
  /** Where the next one goes on; undefined: there are no more. */
  readonly next: LookedUpTo | undefined;
  readonly suspects: readonly Suspect[];
}

async function look(
  executor: Executor,
  names: SchemaNames,
  { subscriptionId, position }: LookedUpTo,
  most: number,
): Promise<Look> {
  const [row] = await explained(
    names,
    readRows<{
      readonly seen: number;
      readonly subscriptionId: number;
      readonly position: number;
      readonly lost: readonly Suspect[];
    }>(executor, SUSPECTS(names), [subscriptionId, position, most]),
  );
  if (row === undefined) return { next: undefined, suspects: [] };
  const next = row.seen < most ? undefined : { subscriptionId: row.subscriptionId, position: row.position };
  return { next, suspects: row.lost };
}

const UNKNOWN = statement(/* sql */ `
with held as (
  select distinct j.locked_by as id
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where j.locked_by is not null and j.locked_by <> '${PARKED_BY}' and pg_catalog.starts_with(t.identifier, 'event_bus:')
), unknown as (
  select pg_catalog.array_agg(h.id) as ids from held h
   where not exists (select from :BUS.workers w where w.id = h.id)
     and not exists (select from :BUS.departed d where d.id = h.id)
)
select case when u.ids is not null then :BUS.note_unknown_workers(:WORKER_TEXT, u.ids)::text end as noted from unknown u`);

/** Has heartbeats free what is held by those who are no workers that there are. */
export async function noteUnknownWorkers(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(UNKNOWN(names)));
}

/** Whether the role of a connection sees all jobs. */
export async function seesJobs(executor: Executor, names: SchemaNames): Promise<boolean> {
  const [row] = await explained(names, readRows<{ readonly visible: boolean }>(executor, VISIBLE(names)));
  return row?.visible === true;
}

/**
 * Wakes open deliveries of this worker schema that have no job, of the next `most` that are open.
 *
 * @returns what was woken, and where the next look goes on.
 */
export async function wakeLost(
  executor: Executor,
  names: SchemaNames,
  from: LookedUpTo,
  most: number,
): Promise<{ readonly woken: readonly LostDeliveries[]; readonly next: LookedUpTo | undefined }> {
  if (!(await seesJobs(executor, names))) return { woken: [], next: undefined };
  const { next, suspects } = await look(executor, names, from, most);
  const counts = new Map<string, number>();
  for (let start = 0; start < suspects.length; start += MOST_WOKEN) {
    const some = JSON.stringify(suspects.slice(start, start + MOST_WOKEN));
    try {
      addTo(counts, await executor.query<LostDeliveries>(WAKE(names), [some]));
    } catch (error) {
      // A transaction holds one of them. They are found again when it has ended.
      if (databaseFailure(error)?.state !== LOCK_NOT_AVAILABLE) throw explainFailure(error, names);
    }
  }
  return { woken: listOf(counts), next };
}

/** Counts the open deliveries of this worker schema that have no job, and changes nothing. */
export async function countLost(
  executor: Executor,
  names: SchemaNames,
  most: number,
): Promise<readonly LostDeliveries[]> {
  const counts = new Map<string, number>();
  let from: LookedUpTo | undefined = FROM_THE_FIRST;
  while (from !== undefined) {
    const { next, suspects }: Look = await look(executor, names, from, most);
    from = next;
    if (suspects.length === 0) continue;
    const lost = readRows<LostDeliveries>(executor, COUNT(names), [JSON.stringify(suspects)]);
    addTo(counts, await explained(names, lost));
  }
  return listOf(counts);
}

function addTo(counts: Map<string, number>, found: readonly LostDeliveries[]): void {
  for (const { subscriber, deliveries } of found)
    counts.set(subscriber, (counts.get(subscriber) ?? 0) + deliveries);
}

function listOf(counts: ReadonlyMap<string, number>): readonly LostDeliveries[] {
  return Array.from(counts, ([subscriber, deliveries]) => ({ subscriber, deliveries }));
}
