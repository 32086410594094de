import { loadedRow } from "../loaded-columns.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** Reads events and the states of their deliveries. */
export const load = /* sql */ `
-- The events of deliveries, and the states of the deliveries. One row for each event that still exists, with its index
-- in the arrays of arguments. For deliveries whose job was taken before ("again"), it also looks up whether they were
-- delivered without a row. The events are looked up one by one in the index, whatever PostgreSQL's statistics say.
create or replace function :BUS.load(positions bigint[], subscriptions integer[], again boolean[])
returns table (
  n integer, "position" bigint, id text, name text, version integer, aggregate_type text, aggregate_key text,
  operation text, source_schema text, aggregate jsonb, changes jsonb, initial_data jsonb, metadata jsonb, types jsonb,
  occurred_at timestamptz, state text, generation integer, attempt integer, deaths integer,
  isolated boolean, paused boolean, subscriber text, sent boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
begin
  return query
    select l.*
      from unnest(positions, subscriptions, again) with ordinality as k(position, subscription_id, again, n)
     cross join lateral (${loadedRow({ n: "k.n", position: "k.position", subscriptionId: "k.subscription_id", again: "k.again" })}) l;
end $$;
`;
