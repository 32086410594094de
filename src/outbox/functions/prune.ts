import { hasOpen, isNamed, partOf } from "../open-deliveries.js";

/** Prunes old events and the records of their deliveries. */
export const prune = /* sql */ `
-- Reads a batch of events of one name after a position. Deletes those that are older than "age_ms" and whose deliveries
-- are all done. Returns the number of events read, the position of the last one, the number of deleted events, and
-- whether one was not old enough: then the caller need not read further. Skips rows that another transaction has locked.
create or replace function :BUS.prune(event_name text, age_ms double precision, after bigint, most integer)
returns table (seen integer, last bigint, deleted integer, reached_end boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with seen as materialized (
    select e.position, e.fanout, e.occurred_at < clock_timestamp() - age_ms * interval '1 millisecond' as is_old
      from :BUS.events e
     where ${isNamed("event_name", "after + 1")}
     order by e.name, e.position limit most
  ), done as (
    select e.position
      from :BUS.events e
      join seen s on s.position = e.position
     where s.is_old and not ${hasOpen("s.position", "s.fanout")}
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

-- Prunes rows of delivered, for the subscriptions of one event up to a position. Reads a batch of them after the given
-- subscription and part of the log, and a few more, so that it reads each part completely. Deletes those whose events no
-- longer exist. Returns the number of rows read, and the subscription and part of the last one. It reads them in the
-- order of the index, because sorting all remaining rows in each call would take ever longer.
create or replace function :BUS.forget_delivered(
  event_name text, up_to bigint, after_subscription integer, after_part bigint, most integer
) returns table (seen integer, last_subscription integer, last_part bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
  with seen as materialized (
    select n.ctid, s.id, n.part, n.positions
      from :BUS.subscriptions s cross join lateral (
        select x.ctid, ${partOf("x.highest")} as part, x.positions
          from :BUS.delivered x
         where x.subscription_id = s.id and ${partOf("x.highest")} <= ${partOf("up_to")}
           and ${partOf("x.highest")} > case when s.id = after_subscription then after_part else -1 end
         order by x.subscription_id, ${partOf("x.highest")} fetch first most rows with ties) n
     where s.event_name = forget_delivered.event_name and s.id >= after_subscription
     order by s.id, n.part fetch first most rows with ties
  ), gone as (
    delete from :BUS.delivered where ctid = any (array(
      select x.ctid from :BUS.delivered x
       where x.ctid = any (array(
         select s.ctid from seen s
          where not exists (select from :BUS.events e where e.position = any (s.positions))))
         for update skip locked))
  )
  select (count(*) over ())::integer, s.id, s.part from seen s order by s.id desc, s.part desc limit 1
$$;
`;
