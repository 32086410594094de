import { hasNoRecord } from "../../open-deliveries.js";

/** Taking away what is old. */
export const prune = /* sql */ `
-- Looks at up to so many events of a name that come after a position, and deletes those of them that are older than
-- "age_ms" and whose deliveries are all done. Returns how many it has looked at, the last one's position, how many it
-- has deleted, and whether it has seen one that is not old enough: then there is nothing more to be looked at. Touches
-- no row that somebody else holds.
create function :BUS.prune(event_name text, age_ms double precision, after bigint, most integer)
returns table (seen integer, last bigint, deleted integer, reached_end boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with seen as materialized (
    select e.position, e.fanout, e.occurred_at < clock_timestamp() - age_ms * interval '1 millisecond' as is_old
      from :BUS.events e
     where e.name = event_name and e.position > after
     order by e.position limit most
  ), done as (
    select e.position
      from :BUS.events e
      join seen s on s.position = e.position
     where s.is_old and not exists (
       select from unnest(s.fanout) f(id)
         left join :BUS.deliveries d on d.position = s.position and d.subscription_id = f.id
        where d.state not in ('delivered', 'cancelled') or d.state is null and ${hasNoRecord("s.position", "f.id")})
     order by e.position
       for update of e skip locked
  ), events as (
    delete from :BUS.events e using done where e.position = done.position returning e.position
  ), deliveries as (
    delete from :BUS.deliveries d using events where d.position = events.position
  )
  select count(*)::integer, max(position), (select count(*) from events)::integer,
         count(*) < most or not bool_and(is_old)
    from seen
$$;

-- Deletes notes of deliveries that left no rows, of which no event is there any more: up to so many. Returns how many.
create function :BUS.forget_delivered(most integer) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from :BUS.delivered where ctid = any (array(
      select x.ctid from :BUS.delivered x
       where not exists (
         select from :BUS.events e where e.position between x.lowest and x.highest and e.position = any (x.positions))
       limit most for update skip locked))
    returning 1
  )
  select count(*)::integer from gone
$$;
`;
