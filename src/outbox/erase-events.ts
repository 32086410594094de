import { explained } from "./database-error.js";
import { countMatching } from "./dead-deliveries.js";
import { type Executor, readRows } from "./executor.js";
import { hasOpen } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The reason that is stored with cancelled deliveries. */
const REASON = "its event was erased";

const END = statement(/* sql */ `
with list as (
  select coalesce(pg_catalog.array_agg(e.position order by e.position, f.id), '{}') as positions,
         coalesce(pg_catalog.array_agg(f.id order by e.position, f.id), '{}') as ids
    from :BUS.events e cross join lateral pg_catalog.unnest(e.fanout) f(id)
   where e.aggregate_type = $1 and e.aggregate_key = $2 and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left($2, 200)
)
select pg_catalog.count(*)::text as count
  from list, :BUS.discard(list.positions, list.ids, '{waiting,retrying,snoozed,paused,dead}', '${REASON}')`);

const HAS_CONTENT = /* sql */ `(e.aggregate, e.changes, e.initial_data, e.metadata) is distinct from (jsonb 'null', jsonb '{}', jsonb '{}', jsonb '{}')`;

/** An event that was published meanwhile, or whose delivery changed meanwhile, is left to the next call. */
const IS_OPEN = hasOpen("e.position", "e.fanout");

const EMPTY = statement(/* sql */ `
with emptied as (
  update :BUS.events e
     set aggregate = 'null', changes = '{}', initial_data = '{}', metadata = '{}', types = null
   where e.aggregate_type = $1 and e.aggregate_key = $2 and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left($2, 200)
     and ${HAS_CONTENT} and not ${IS_OPEN}
  returning e.position
)
select pg_catalog.count(*)::text as count from emptied`);

/** Errors of handlers may quote the event, so they are erased too. */
const FORGET = statement(/* sql */ `
with forgotten as (
  update :BUS.deliveries d
     set errors = '[]', reason = case when d.reason = '${REASON}' then d.reason end
    from :BUS.events e
   where e.position = d.position and e.aggregate_type = $1 and e.aggregate_key = $2 and pg_catalog.left(e.aggregate_key, 200) = pg_catalog.left($2, 200)
     and (d.errors <> '[]' or d.reason <> '${REASON}')
  returning d.position
)
select pg_catalog.count(*)::text as count from forgotten`);

const COUNT = statement(/* sql */ `
select pg_catalog.count(*)::integer as count from :BUS.events e
 where e.aggregate_type = $1 and e.aggregate_key = $2 and ${HAS_CONTENT}`);

/** The result of erasing. */
export interface Erased {
  /** How many events had content. */
  readonly events: number;
  /** How many deliveries were cancelled. */
  readonly cancelled: number;
}

/** Counts what {@link eraseEvents} would erase. */
export async function countErasable(
  executor: Executor,
  names: SchemaNames,
  type: string,
  key: string,
): Promise<Erased> {
  const sql = COUNT(names);
  const [row] = await explained(names, readRows<{ count: number }>(executor, sql, [type, key]));
  const cancelled = await countMatching(executor, names, {
    aggregateType: type,
    aggregateKey: key,
    state: ["waiting", "retrying", "snoozed", "paused", "dead"],
  });
  return { events: row?.count ?? 0, cancelled };
}

/** Erases the content of the events of an aggregate. Cancels their deliveries first, so that no handler gets an empty event. */
export async function eraseEvents(
  executor: Executor,
  names: SchemaNames,
  type: string,
  key: string,
): Promise<Erased> {
  const count = async (sql: (names: SchemaNames) => string) => {
    const [row] = await explained(names, executor.query<{ readonly count: string }>(sql(names), [type, key]));
    return Number(row?.count ?? 0);
  };
  const cancelled = await count(END);
  const events = await count(EMPTY);
  await count(FORGET);
  return { events, cancelled };
}
