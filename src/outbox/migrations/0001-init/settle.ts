/** How deliveries move on. */
export const settle = /* sql */ `
-- Moves deliveries on: only where the generation is the caller's, and with the next wake-up in the same transaction.
-- Returns what was moved. A delivery without a row has generation 0, and no other.
create function :BUS.settle(settlements jsonb)
returns table ("position" bigint, subscription_id integer, generation integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  positions bigint[];
  subscriptions integer[];
  generations integer[];
  wakeups :BUS.wakeup[];
begin
  with input as (
    select distinct on (i.p, i.s) i.* from jsonb_to_recordset(settlements)
      as i(p bigint, s integer, g integer, a integer, state text, "dueMs" double precision, error jsonb, claim text)
      left join :BUS.deliveries d on d.position = i.p and d.subscription_id = i.s
     where i.g = coalesce(d.generation, 0)
     order by i.p, i.s
  ), written as (
    insert into :BUS.deliveries as d
           (position, subscription_id, state, generation, attempt, errors, claim, due_at, finished_at)
    select i.p, i.s, i.state, i.g + 1, i.a,
           case when i.error is null then '[]' else jsonb_build_array(i.error) end,
           i.claim,
           case when i.state in ('retrying', 'snoozed')
             then clock_timestamp() + coalesce(i."dueMs", 0) * interval '1 millisecond' end,
           case when i.state not in ('retrying', 'snoozed') then clock_timestamp() end
      from input i order by i.p, i.s
    on conflict (position, subscription_id) do update
       set state = excluded.state, generation = excluded.generation, attempt = excluded.attempt,
           errors = d.errors || excluded.errors, claim = excluded.claim, due_at = excluded.due_at,
           finished_at = excluded.finished_at
     where d.generation = excluded.generation - 1
    returning d.position, d.subscription_id, d.generation, d.attempt, d.due_at
  )
  select array_agg(w.position), array_agg(w.subscription_id), array_agg(w.generation - 1),
         (select array_agg(row(
                   s.worker_schema, 'event_bus:' || s.subscriber,
                   json_build_object('p', n.position, 's', s.id, 'g', n.generation, 'a', n.attempt),
                   n.due_at, s.priority):::BUS.wakeup)
            from written n join :BUS.subscriptions s on s.id = n.subscription_id
           where n.due_at is not null)
    into positions, subscriptions, generations, wakeups
    from written w;
  if wakeups is not null then
    perform :BUS.enqueue(wakeups);
  end if;
  return query select * from unnest(positions, subscriptions, generations);
end $$;
`;
