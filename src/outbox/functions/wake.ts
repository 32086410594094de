import { checkpointOf, hasNoRecord } from "../open-deliveries.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** Adds new jobs for open deliveries whose jobs are lost, or are in a worker schema that their workers no longer use. */
export const wake = /* sql */ `
-- Gives open deliveries a new generation and a new job, if they still have the given generation. An old job that appears
-- after all then has no effect, and a handler that still runs for the old generation cannot record an outcome. Rows that
-- another transaction has locked are skipped. Returns the woken deliveries.
create or replace function :BUS.wake(positions bigint[], subscriptions integer[], generations integer[])
returns table ("position" bigint, subscription_id integer)
language plpgsql set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
declare
  opened :BUS.opened[];
begin
  with found as (
    select k.p, k.s, k.g from unnest(positions, subscriptions, generations) k(p, s, g)
  ), free as (
    select d.position, d.subscription_id
      from found f join :BUS.deliveries d on d.position = f.p and d.subscription_id = f.s and d.generation = f.g
     where d.state in ('waiting', 'retrying', 'snoozed')
     order by d.position, d.subscription_id
       for update of d skip locked
  ), moved as (
    update :BUS.deliveries d set generation = d.generation + 1
      from free f where d.position = f.position and d.subscription_id = f.subscription_id
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at
  ), begun as (
    insert into :BUS.deliveries as d (position, subscription_id, state, generation, attempt, due_at)
    select e.position, s.id, 'waiting', 1, 0, e.occurred_at + nullif(s.delay_ms, 0) * interval '1 millisecond'
      from found f join :BUS.events e on e.position = f.p join :BUS.subscriptions s on s.id = f.s
     where f.g = 0 and ${hasNoRecord("f.p", "f.s")}
     order by e.position, s.id
    on conflict do nothing
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at
  )
  select array_agg(row(o.*):::BUS.opened order by o.position, o.subscription_id)
    into opened
    from (select * from moved union all select * from begun) o;
  perform :BUS.after_transition(null, null, opened);
  return query select o.position, o.subscription_id from unnest(opened) o;
end $$;

-- Wakes deliveries that were found without a job. Locked rows are skipped: the next look finds them.
create or replace function :BUS.wake_lost(positions bigint[], subscriptions integer[], generations integer[])
returns table (subscriber text)
language sql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '250ms' as $$
  select s.subscriber from :BUS.wake(positions, subscriptions, generations) w join :BUS.subscriptions s on s.id = w.subscription_id
$$;

-- Wakes all open deliveries of subscriptions whose workers have moved to another worker schema. The old jobs have no
-- effect. It waits for locked rows: until housekeeping of the new workers finds them, nothing else would wake these deliveries.
create or replace function :BUS.wake_all(subscriptions integer[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  positions bigint[];
  ids integer[];
  generations integer[];
begin
  with begun as (
    select d.position, d.subscription_id, d.generation from :BUS.deliveries d
     where d.subscription_id = any (subscriptions) and d.state in ('waiting', 'retrying', 'snoozed')
     order by d.position, d.subscription_id
       for update of d
  ), untouched as (
    select e.position, s.id, 0
      from :BUS.subscriptions s
      join :BUS.events e
        on e.name = s.event_name and e.position >= ${checkpointOf("s.id")} and s.id = any (e.fanout)
       and ${hasNoRecord("e.position", "s.id")}
     where s.id = any (subscriptions)
  )
  select array_agg(o.position), array_agg(o.subscription_id), array_agg(o.generation)
    into positions, ids, generations
    from (select * from begun union all select * from untouched) o;
  if positions is not null then
    perform count(*) from :BUS.wake(positions, ids, generations);
  end if;
end $$;

-- Wakes deliveries that are still paused although their subscriber no longer is: a publisher or worker had not seen the
-- change yet, or resuming was interrupted. Returns their number.
create or replace function :BUS.wake_held(most integer default 1000) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select count(*)::integer
    from (select array_agg(h.position order by h.position, h.id) as positions,
                 array_agg(h.id order by h.position, h.id) as ids
            from (select d.position, s.id
                    from :BUS.subscriptions s
                    join :BUS.deliveries d on d.subscription_id = s.id and d.state = 'paused'
                   where not s.paused
                   order by d.position, s.id limit most) h) held,
         :BUS.reopen(held.positions, held.ids, 'paused')
$$;
`;
