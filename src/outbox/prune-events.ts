import { IS_ALIVE } from "./alive-workers.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { hasOpen, isNamed } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

const PRUNE = statement(
  /* sql */ `select seen, last, deleted, reached_end from :BUS.prune($1::text, $2::float8, $3::bigint, $4::integer)`,
);

// Chooses the events as event_bus.prune does, but locks none.
const COUNT = statement(/* sql */ `
with seen as materialized (
  select e.position, e.fanout, e.occurred_at < pg_catalog.clock_timestamp() - $2::float8 * interval '1 millisecond' as is_old
    from :BUS.events e
   where ${isNamed("$1::text", "$3::bigint + 1::bigint")}
   order by e.name, e.position limit $4::integer
), done as (
  select s.position
    from seen s
   where s.is_old and not ${hasOpen("s.position", "s.fanout")}
)
select pg_catalog.count(*)::integer as seen, pg_catalog.max(position) as last,
       (select pg_catalog.count(*) from done)::integer as deleted,
       pg_catalog.count(*) < $4::integer or not pg_catalog.bool_and(is_old) as reached_end
  from seen`);

/** The result of one batch. */
export interface PrunedBatch {
  readonly deleted: number;
  /** The position of the last event that was read. */
  readonly last: number;
  /** Whether no further event can be old enough. */
  readonly isEnd: boolean;
}

interface Row {
  readonly seen: number;
  readonly last: bigint | string | null;
  readonly deleted: number;
  readonly reached_end: boolean;
}

/**
 * Reads up to `most` events of a name after a position. Deletes those that are older than `ageMs` and whose deliveries are all done,
 * with these deliveries. It is one short statement, so that other transactions do not wait long.
 *
 * @param isDry whether to count the events instead of deleting them.
 */
export async function pruneSome(
  executor: Executor,
  names: SchemaNames,
  { event, ageMs, after, most }: { event: string; ageMs: number; after: number; most: number },
  { isDry = false } = {},
): Promise<PrunedBatch> {
  const sql = (isDry ? COUNT : PRUNE)(names);
  const [row] = await explained(names, readRows<Row>(executor, sql, [event, ageMs, after, most]));
  if (row === undefined || row.last === null) return { deleted: 0, last: after, isEnd: true };
  return { deleted: row.deleted, last: Number(row.last), isEnd: row.reached_end };
}

// Retentions of the application itself count only if a running worker has them: it may know a newer version of the configuration.
// Those of a subscriber that was removed from the configuration do not count.
const KEPT = statement(/* sql */ `
select s.event_name as event, pg_catalog.max((s.policy ->> 'keepMs'::text)::float8) as "keepMs"
  from :BUS.subscriptions s
 where s.ended_at is null and s.policy ->> 'keepMs'::text is not null and (s.application <> $1::text or exists (
   select from :BUS.workers w
    cross join lateral pg_catalog.unnest(w.policies) r(id)
     join :BUS.policies p on p.id = r.id
    where ${IS_ALIVE} and p.event_name = s.event_name and p.subscriber = s.subscriber and p.application = s.application
      and p.policy = s.policy))
 group by s.event_name`);

/**
 * The retention of each event that other applications, or running workers of this application, require: in milliseconds, or false
 * for no end.
 */
export async function keptByOthers(
  executor: Executor,
  names: SchemaNames,
  application: string,
): Promise<ReadonlyMap<string, number | false>> {
  const rows = await explained(
    names,
    readRows<{ event: string; keepMs: number | string }>(executor, KEPT(names), [application]),
  );
  return new Map(
    rows.map(({ event, keepMs }) => [event, Number.isFinite(Number(keepMs)) ? Number(keepMs) : false]),
  );
}

const FORGET = statement(/* sql */ `
select seen, last_subscription, last_part::text as last_part
  from :BUS.forget_delivered($1::text, $2::bigint, $3::integer, $4::bigint, $5::integer)`);

interface Forgotten {
  readonly seen: number;
  readonly last_subscription: number;
  readonly last_part: string;
}

/**
 * Deletes the rows of the table "delivered" of an event, up to a position, whose events do not exist any more. Each of its
 * statements reads about `most` rows.
 */
export async function forgetDelivered(
  executor: Executor,
  names: SchemaNames,
  { event, upTo, most, isAborted }: { event: string; upTo: number; most: number; isAborted: () => boolean },
): Promise<void> {
  let [subscription, part] = [0, "-1"];
  while (!isAborted()) {
    const [row] = await explained(
      names,
      readRows<Forgotten>(executor, FORGET(names), [event, upTo, subscription, part, most]),
    );
    if (row === undefined || row.seen < most) return;
    [subscription, part] = [row.last_subscription, row.last_part];
  }
}

/** Events are stored about in the order in which they occur, so the oldest is among this many of the first ones. */
const FIRST = 100;

const OLDEST = statement(/* sql */ `
select n.name as event,
       (select (extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.min(f.occurred_at)) * 1000::numeric)::float8
          from (select e.occurred_at from :BUS.events e
                 where ${isNamed("n.name", "0::bigint")}
                 order by e.name, e.position limit ${FIRST}) f) as "ageMs"
  from pg_catalog.unnest($1::text[]) n(name)`);

/** The age of the oldest event of each name, in milliseconds. Names without events are left out. */
export async function oldestEvents(
  executor: Executor,
  names: SchemaNames,
  events: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await explained(
    names,
    readRows<{ event: string; ageMs: number | null }>(executor, OLDEST(names), [events]),
  );
  return new Map(rows.flatMap(({ event, ageMs }) => (ageMs === null ? [] : [[event, ageMs]])));
}
