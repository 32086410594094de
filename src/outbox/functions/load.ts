import { loadedRow } from "../loaded-columns.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** Reading what is to be delivered. */
export const load = /* sql */ `
-- Events, and where their deliveries stand: one row for each that is still there, with its number among those that were
-- asked for. Of what was taken up before ("again") it is also looked up whether it was made without leaving a row. One
-- by one through the index, whatever PostgreSQL believes to know of the size of the tables.
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
