import { hasNoRecord } from "../open-deliveries.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** Operations of people: redriving, pausing, resuming and discarding deliveries. */
export const operate = /* sql */ `
-- Reopens deliveries without a job that are still in the state "was", and adds their jobs in the order of positions.
-- Paused deliveries keep their attempts; dead ones get all their attempts again. Rows that another transaction has locked
-- are skipped: the next call finds them. Returns the reopened deliveries.
create or replace function :BUS.reopen(positions bigint[], subscriptions integer[], was text)
returns table ("position" bigint, subscription_id integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
declare
  began constant timestamptz := clock_timestamp();
  opened :BUS.opened[];
begin
  with free as (
    select d.position, d.subscription_id
      from unnest(positions, subscriptions) k(p, s)
      join :BUS.deliveries d on d.position = k.p and d.subscription_id = k.s
     where d.state = was and was in ('paused', 'dead')
     order by d.position, d.subscription_id
       for update of d skip locked
  ), written as (
    update :BUS.deliveries d
       set state = case when s.paused then 'paused' when was = 'dead' or d.attempt = 0 then 'waiting' else 'retrying' end,
           generation = d.generation + 1,
           attempt = case when was = 'dead' then 0 else d.attempt end,
           deaths = case when was = 'dead' then 0 else d.deaths end, isolated = false,
           due_at = case when was = 'dead' then null else d.due_at end,
           claim = null, finished_at = null
      from free f join :BUS.subscriptions s on s.id = f.subscription_id
     where d.position = f.position and d.subscription_id = f.subscription_id
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at
  )
  -- graphile-worker takes jobs in the order of run_at: due times a microsecond apart keep the order of the log.
  select array_agg(w.position order by w.n),
         array_agg(w.subscription_id order by w.n),
         array_agg(row(w.position, w.subscription_id, w.state, w.generation, w.attempt,
                       greatest(w.due_at, began + w.n * interval '1 microsecond')):::BUS.opened order by w.n)
    into positions, subscriptions, opened
    from (select *, row_number() over (order by position, subscription_id) as n from written) w;
  perform :BUS.after_transition(null, null, opened);
  return query select * from unnest(positions, subscriptions);
end $$;

-- Pauses or resumes a subscriber. Waits for transactions that are just subscribing it to another event, so that the new
-- subscription is paused or resumed too. Returns the numbers of changed and of all its subscriptions.
create or replace function :BUS.set_paused(subscriber text, paused boolean, out changed integer, out known integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:' || :BUS_TEXT, 0));
  update :BUS.subscriptions s set paused = set_paused.paused
   where s.subscriber = set_paused.subscriber and s.paused <> set_paused.paused;
  get diagnostics changed = row_count;
  select count(*) into known from :BUS.subscriptions s where s.subscriber = set_paused.subscriber;
end $$;

-- Cancels deliveries that are in one of the states. A worker that is running one of them finds another generation and
-- records nothing. Returns the cancelled deliveries.
create or replace function :BUS.discard(positions bigint[], subscriptions integer[], states text[], reason text)
returns table ("position" bigint, subscription_id integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  with written as (
    insert into :BUS.deliveries as d (position, subscription_id, state, generation, attempt, reason, finished_at)
    select e.position, k.s, 'cancelled', 1, 0, discard.reason, clock_timestamp()
      from unnest(positions, subscriptions) k(p, s)
      join :BUS.events e on e.position = k.p and k.s = any (e.fanout)
      left join :BUS.deliveries x on x.position = k.p and x.subscription_id = k.s
     where case when x.state is null then 'waiting' = any (states) and ${hasNoRecord("k.p", "k.s")}
                else x.state = any (states) end
     order by e.position, k.s
    on conflict (position, subscription_id) do update
       set state = 'cancelled', generation = d.generation + 1, reason = excluded.reason, due_at = null, claim = null,
           finished_at = excluded.finished_at
     where d.state = any (states) and d.state in ('waiting', 'retrying', 'snoozed', 'paused', 'dead')
    returning d.position, d.subscription_id
  )
  select array_agg(w.position order by w.position, w.subscription_id),
         array_agg(w.subscription_id order by w.position, w.subscription_id)
    into positions, subscriptions
    from written w;
  perform :BUS.after_transition(positions, subscriptions, null);
  return query select * from unnest(positions, subscriptions);
end $$;
`;
