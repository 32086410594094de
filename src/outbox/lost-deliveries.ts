import { databaseFailure, explained, explainFailure } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import {
  isSubscribers,
  numberAt,
  PARKED_BY,
  PAYLOAD_REST,
  PAYLOAD_START,
  subscriberOf,
  taskOf,
} from "./graphile/job-sql.js";
import { checkpointOf, hasNoRecord, isNamed } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

// An open delivery has a job for its generation, or nobody makes it. Both are written in one transaction, and a job goes
// with or after the record of what became of the delivery. So one snapshot never shows an open delivery without its job,
// unless the job was taken away by somebody else, or spoilt: then that generation gets none any more. Nothing here may look
// at the two in different statements.

/** From where on deliveries are looked at: after this one, by subscription and position. */
export interface LookedUpTo {
  readonly subscriptionId: number;
  readonly position: number;
}

/** So many are woken together: one of them that somebody holds keeps the others of its batch waiting, and no more. */
const MOST_WOKEN = 500;
const LOCK_NOT_AVAILABLE = "55P03";

export const FROM_THE_FIRST: LookedUpTo = { subscriptionId: 0, position: -1 };

/** An open delivery that has no job. */
interface Lost {
  readonly p: number;
  readonly s: number;
  readonly g: number;
  /** The name of its subscriber. */
  readonly n: string;
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

/** The first of two rows of one position is the one that knows more. */
const FIRST = "n.position, n.has_row desc nulls last";

// What is put together by hand is taken apart, which takes ten times as long as to compare it as a text.
const IS_OURS = `j.payload::text like '${PAYLOAD_START.replaceAll("%s", "%")}${PAYLOAD_REST} : %'`;

function payloadStart(position: string, subscriptionId: string, generation: string): string {
  return `pg_catalog.format('${PAYLOAD_START}', ${position}, ${subscriptionId}, ${generation})`;
}

// What comes next is taken first, so many rows and events whatever became of them, and then looked at: behind one delivery
// that waits for long there may be a million that are made. Compared by `except`: on connections of workers nothing is hashed
// or merged to be joined, and each delivery would be looked for among all jobs. And once for all of them: all jobs are read
// for it. Subscribers that are paused are looked at when they go on.
const LOOK = statement(/* sql */ `
with next as materialized (
  select s.id, s.subscriber, n.position, n.generation, n.has_row
    from :BUS.subscriptions s cross join lateral (
      select n.position, n.generation, n.has_row from (
        ${["waiting", "retrying", "snoozed"].map((state) => openIn(state, AFTER)).join(" union all ")}
        union all
        (select e.position, 0 as generation, case when s.id = any (e.fanout) then false end as has_row from :BUS.events e
          where ${isNamed("s.event_name", `greatest(${AFTER} + 1::bigint, ${checkpointOf("s.id")})`)}
          order by e.name, e.position limit $3::integer)) n
       order by ${FIRST} limit $3::integer) n
   where s.worker_schema = :WORKER_TEXT and s.id >= $1::integer and not s.paused
   order by s.id, ${FIRST} limit $3::integer
), lost as (
  select ${taskOf("n.subscriber")} as identifier, ${payloadStart("n.position", "n.id", "n.generation")} as payload
    from next n where n.has_row or (not n.has_row and ${hasNoRecord("n.position", "n.id")})
  except
  select t.identifier,
         case when ${IS_OURS} then pg_catalog.split_part(j.payload::text, '${PAYLOAD_REST}', 1)
              else ${payloadStart(numberAt("j", "p", "bigint", 18), numberAt("j", "s", "integer", 9), numberAt("j", "g", "integer", 9))} end
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where ${IS_USABLE}
)
select (select pg_catalog.count(*) from next)::integer as seen,
       (select n.id from next n order by n.id desc, n.position desc limit 1) as "subscriptionId",
       (select n.position from next n order by n.id desc, n.position desc limit 1)::float8 as position,
       coalesce((select pg_catalog.jsonb_agg(
                          (l.payload || '}')::jsonb || pg_catalog.jsonb_build_object('n', ${subscriberOf("l.identifier")}))
                   from lost l), '[]') as lost`);

// Whoever has moved one on meanwhile is not undone: they are as they were found, or left out.
const WAKE = statement(/* sql */ `
select w.subscriber, pg_catalog.count(*)::integer as deliveries
  from (select pg_catalog.array_agg(k.p order by k.p, k.s) as positions, pg_catalog.array_agg(k.s order by k.p, k.s) as ids,
               pg_catalog.array_agg(k.g order by k.p, k.s) as generations
          from pg_catalog.jsonb_to_recordset($1::jsonb) as k(p bigint, s integer, g integer)) a,
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
  readonly lost: readonly Lost[];
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
      readonly lost: readonly Lost[];
    }>(executor, LOOK(names), [subscriptionId, position, most]),
  );
  if (row === undefined) return { next: undefined, lost: [] };
  const next = row.seen < most ? undefined : { subscriptionId: row.subscriptionId, position: row.position };
  return { next, lost: row.lost };
}

const UNKNOWN = statement(/* sql */ `
with held as (
  select distinct j.locked_by as id
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where j.locked_by is not null and j.locked_by <> '${PARKED_BY}' and ${isSubscribers("t.identifier")}
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
  const { next, lost } = await look(executor, names, from, most);
  const counts = new Map<string, number>();
  for (let start = 0; start < lost.length; start += MOST_WOKEN) {
    const some = JSON.stringify(lost.slice(start, start + MOST_WOKEN));
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
    const { next, lost }: Look = await look(executor, names, from, most);
    from = next;
    addTo(
      counts,
      lost.map(({ n }) => ({ subscriber: n, deliveries: 1 })),
    );
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
