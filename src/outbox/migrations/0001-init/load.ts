import { madeWithoutRow } from "../../open-deliveries.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** Reading what is to be delivered. */
export const load = /* sql */ `
-- Events, and where their deliveries stand: one row for each that is still there, with its number among those that were
-- asked for. Of what was taken up before ("again") it is also looked up whether it was made without leaving a row. One
-- by one through the index, whatever PostgreSQL believes to know of the size of the tables.
create function :BUS.load(positions bigint[], subscriptions integer[], again boolean[])
returns table (
  n integer, "position" bigint, id text, name text, version integer, aggregate_type text, aggregate_key text,
  operation text, source_schema text, aggregate jsonb, changes jsonb, initial_data jsonb, metadata jsonb, types jsonb,
  occurred_at timestamptz, state text, generation integer, attempt integer, deaths integer, paused boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
begin
  return query
    select k.n::integer, e.position, e.id::text, e.name, e.version, e.aggregate_type, e.aggregate_key,
           e.operation, e.source_schema, e.aggregate, e.changes, e.initial_data, e.metadata, e.types, e.occurred_at,
           coalesce(d.state, case when k.again and ${madeWithoutRow("k.position", "k.subscription_id")} then 'delivered' end,
                    'waiting'),
           coalesce(d.generation, 0), coalesce(d.attempt, 0), coalesce(d.deaths, 0)::integer,
           exists (select from :BUS.subscriptions s where s.id = k.subscription_id and s.paused)
      from unnest(positions, subscriptions, again) with ordinality as k(position, subscription_id, again, n)
      join lateral (select * from :BUS.events e where e.position = k.position offset 0) e on true
      left join lateral (
        select * from :BUS.deliveries d where d.position = k.position and d.subscription_id = k.subscription_id offset 0) d
        on true;
end $$;
`;
