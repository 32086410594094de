import { hasNoRecord } from "../../open-deliveries.js";

/** What people do with deliveries: sending them again, and ending them. */
export const operate = /* sql */ `
-- Opens deliveries again that have no wake-up, where they are still in the state "was": those that were held back while
-- their subscriber was paused go on where they were, dead ones get all their attempts anew. Each gets its wake-up, in
-- the order of positions. Rows that somebody else works on are left out: the next call finds them. Returns what was
-- opened.
create function :BUS.reopen(positions bigint[], subscriptions integer[], was text)
returns table ("position" bigint, subscription_id integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  began constant timestamptz := clock_timestamp();
  wakeups :BUS.wakeup[];
begin
  with free as (
    select d.position, d.subscription_id
      from unnest(positions, subscriptions) k(p, s)
      join :BUS.deliveries d on d.position = k.p and d.subscription_id = k.s
     where d.state = was and was in ('paused', 'dead')
     order by d.position, d.subscription_id
       for update of d skip locked
  ), opened as (
    update :BUS.deliveries d
       set state = case when s.paused then 'paused' when was = 'dead' or d.attempt = 0 then 'waiting' else 'retrying' end,
           generation = d.generation + 1,
           attempt = case when was = 'dead' then 0 else d.attempt end,
           deaths = case when was = 'dead' then 0 else d.deaths end, runs_alone = false,
           due_at = case when was = 'dead' then null else d.due_at end,
           claim = null, finished_at = null
      from free f join :BUS.subscriptions s on s.id = f.subscription_id
     where d.position = f.position and d.subscription_id = f.subscription_id
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at, s.worker_schema, s.subscriber,
              s.priority
  )
  -- graphile-worker takes what is due first: a microsecond apart, they keep the order of the log.
  select array_agg(o.position order by o.position, o.subscription_id),
         array_agg(o.subscription_id order by o.position, o.subscription_id),
         array_agg(row(
             o.worker_schema, 'event_bus:' || o.subscriber,
             json_build_object('p', o.position, 's', o.subscription_id, 'g', o.generation, 'a', o.attempt),
             greatest(o.due_at, began + o.n * interval '1 microsecond'), o.priority):::BUS.wakeup
           order by o.n) filter (where o.state <> 'paused')
    into positions, subscriptions, wakeups
    from (select *, row_number() over (order by position, subscription_id) as n from opened) o;
  if wakeups is not null then
    perform :BUS.enqueue(wakeups);
  end if;
  return query select * from unnest(positions, subscriptions);
end $$;

-- Pauses a subscriber or lets it go on. Waits for who subscribes it to another event at the same time, and takes over
-- whether it is paused. Returns how many subscriptions were changed, and how many there are.
create function :BUS.set_paused(subscriber text, paused boolean, out changed integer, out known integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:' || :BUS_TEXT, 0));
  update :BUS.subscriptions s set paused = set_paused.paused
   where s.subscriber = set_paused.subscriber and s.paused <> set_paused.paused;
  get diagnostics changed = row_count;
  select count(*) into known from :BUS.subscriptions s where s.subscriber = set_paused.subscriber;
end $$;

-- Ends deliveries as cancelled, where they are in one of the states. Whoever makes one of them right now finds that it
-- was moved on. Returns what was ended.
create function :BUS.discard(positions bigint[], subscriptions integer[], states text[], reason text)
returns table ("position" bigint, subscription_id integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
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
    returning d.position, d.subscription_id;
end $$;
`;
