import { databaseFailure, explained, explainFailure } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { subscriberOf, taskOf } from "./graphile/job-sql.js";
import { HOLDERS, payloadStart, seesJobs, USABLE_JOBS } from "./graphile/read-jobs.js";
import { checkpointOf, hasNoRecord, isNamed } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

// An open delivery without a job for its generation would never be made. Delivery and job are written in one transaction, and a job
// is deleted with the record of the outcome or after it. So a snapshot shows an open delivery without its job only if another
// program deleted or changed the job. Deliveries and jobs must therefore be read in the same statement.

/** A place in the order of subscription and position: the deliveries after it are checked next. */
export interface LookedUpTo {
  readonly subscriptionId: number;
  readonly position: number;
}

/** How many deliveries one statement wakes. If one of them is locked, only its batch has to wait for the next turn. */
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

/** Open deliveries of a subscription `s` in one state, from a position on. */
function openIn(state: string, after: string): string {
  return /* sql */ `
      (select d.position, d.generation, true as has_row from :BUS.deliveries d
        where d.subscription_id = s.id and d.state = '${state}' and d.state <> 'delivered' and d.position > ${after}
        order by d.position limit $3::integer)`;
}

const AFTER = "case when s.id = $1::integer then $2::bigint else -1::bigint end";

/** A delivery with a row is found as an event too. This order puts the row of the delivery first. */
const FIRST = "n.position, n.has_row desc nulls last";

// Takes the next rows and events first, whatever their state, and checks them then: after one delivery that waits for long there can
// be a million that are made. One `except` compares all of them, because connections of workers use no hash or merge joins, and
// would search all jobs for each delivery. It reads all jobs once. Paused subscribers are checked after they are resumed.
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
  ${USABLE_JOBS}
)
select (select pg_catalog.count(*) from next)::integer as seen,
       (select n.id from next n order by n.id desc, n.position desc limit 1) as "subscriptionId",
       (select n.position from next n order by n.id desc, n.position desc limit 1)::float8 as position,
       coalesce((select pg_catalog.jsonb_agg(
                          (l.payload || '}')::jsonb || pg_catalog.jsonb_build_object('n', ${subscriberOf("l.identifier")}))
                   from lost l), '[]') as lost`);

// A delivery whose generation has changed meanwhile is left out.
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

/** The result of checking some of the open deliveries. */
interface Look {
  /** Where to continue; undefined if all are checked. */
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
  ${HOLDERS}
), unknown as (
  select pg_catalog.array_agg(h.id) as ids from held h
   where not exists (select from :BUS.workers w where w.id = h.id)
     and not exists (select from :BUS.departed d where d.id = h.id)
)
select case when u.ids is not null then :BUS.note_unknown_workers(:WORKER_TEXT, u.ids)::text end as noted from unknown u`);

/** Records ids that hold jobs and are not those of known workers, so that heartbeats unlock these jobs. */
export async function noteUnknownWorkers(executor: Executor, names: SchemaNames): Promise<void> {
  await explained(names, executor.query(UNKNOWN(names)));
}

/**
 * Checks the next `most` rows and events of this worker schema, and wakes the open deliveries among them that have no job.
 *
 * @returns the woken deliveries, and where to continue; undefined if all are checked.
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
      // Another transaction has locked one of them. A later turn finds them again.
      if (databaseFailure(error)?.state !== LOCK_NOT_AVAILABLE) throw explainFailure(error, names);
    }
  }
  return { woken: listOf(counts), next };
}

/** Counts the open deliveries of this worker schema that have no job. Changes nothing. */
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
