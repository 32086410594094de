import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The names in the database, sorted. */
export interface KnownNames {
  readonly subscribers: readonly string[];
  readonly events: readonly string[];
}

// Finds each name of an event with one index search, however many events there are.
const KNOWN = statement(/* sql */ `
with recursive logged(name) as (
  select pg_catalog.min(e.name) from :BUS.events e
  union all
  select (select pg_catalog.min(e.name) from :BUS.events e where e.name > l.name) from logged l where l.name is not null
)
select array(select distinct s.subscriber from :BUS.subscriptions s order by 1) as subscribers,
       array(select l.name from logged l where l.name is not null
             union select s.event_name from :BUS.subscriptions s order by 1) as events`);

/** The names of present and former subscribers, and those of events in the log and in subscriptions. */
export async function knownNames(executor: Executor, names: SchemaNames): Promise<KnownNames> {
  const [row] = await explained(names, readRows<KnownNames>(executor, KNOWN(names)));
  return row ?? { subscribers: [], events: [] };
}

const TYPES = statement(/* sql */ `
with recursive logged(type) as (
  select pg_catalog.min(e.aggregate_type) from :BUS.events e
  union all
  select (select pg_catalog.min(e.aggregate_type) from :BUS.events e where e.aggregate_type > l.type)
    from logged l where l.type is not null
)
select array(select l.type from logged l where l.type is not null order by 1) as types`);

/** The types of the aggregates in the log, sorted. */
export async function knownTypes(executor: Executor, names: SchemaNames): Promise<readonly string[]> {
  const [row] = await explained(
    names,
    readRows<{ readonly types: readonly string[] }>(executor, TYPES(names)),
  );
  return row?.types ?? [];
}
