import { partOf } from "../open-deliveries.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** How many errors of a delivery are kept: the first ones, which say how it began, and the last ones. */
const FIRST_ERRORS = 5;
const MOST_ERRORS = 20;

/**
 * Nobody waits until an outcome is on disk. When the server loses power before that, the job's deletion, which comes
 * later, is lost too, and the delivery is made again: as if the worker had died a moment earlier. Not in the transaction
 * of somebody who has written something already.
 */
const COMMIT_SOON = /* sql */ `
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;`;

/**
 * A row that somebody else holds, as a transaction that was cut off and has not ended yet, must not hold up the outcomes
 * of others that are written with it. Shorter than a worker waits for an answer at least, which is a second: what got none
 * is repeated together.
 */
const WAIT_BRIEFLY = /* sql */ `set lock_timeout = '250ms'`;

/** How deliveries move on. */
export const settle = /* sql */ `
-- Moves deliveries on: only where the generation is the caller's, and with the next job in the same transaction.
-- A delivery without a row has generation 0, and no other; one of an event that is gone is not moved any more.
-- Returns what was not moved: with the state when the same claim had moved it before, whose answer was lost then.
create or replace function :BUS.settle(settlements jsonb)
returns table ("position" bigint, subscription_id integer, generation integer, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} ${WAIT_BRIEFLY} as $$
#variable_conflict use_column
declare
  moved text[];
  ended_positions bigint[];
  ended_subscriptions integer[];
  opened :BUS.opened[];
  added integer;
begin${COMMIT_SOON}
  with input as (
    select distinct on (i.p, i.s) i.* from jsonb_to_recordset(settlements)
      as i(p bigint, s integer, g integer, a integer, state text, "dueMs" double precision, error jsonb, died boolean,
           reason text, claim text)
      left join :BUS.deliveries d on d.position = i.p and d.subscription_id = i.s
     where i.g = coalesce(d.generation, 0)
       -- No exists(): that would be looked up in a list of all events.
       and (d.generation is not null or (select true from :BUS.events e where e.position = i.p))
     order by i.p, i.s
  ), written as (
    insert into :BUS.deliveries as d
           (position, subscription_id, state, generation, attempt, errors, error_count, deaths, reason, claim, due_at,
            finished_at)
    select i.p, i.s, i.state, i.g + 1, i.a,
           case when i.error is null then '[]' else jsonb_build_array(i.error) end,
           case when i.error is null then 0 else 1 end,
           case when i.died then 1 else 0 end,
           i.reason, i.claim,
           case when i.state in ('retrying', 'snoozed')
             then clock_timestamp() + coalesce(i."dueMs", 0) * interval '1 millisecond' end,
           case when i.state in ('delivered', 'cancelled', 'dead') then clock_timestamp() end
      from input i order by i.p, i.s
    on conflict (position, subscription_id) do update
       set state = excluded.state, generation = excluded.generation, attempt = excluded.attempt,
           errors = case when excluded.error_count > 0 and jsonb_array_length(d.errors) >= ${MOST_ERRORS}
                      then d.errors - ${FIRST_ERRORS} else d.errors end || excluded.errors,
           error_count = d.error_count + excluded.error_count, deaths = d.deaths + excluded.deaths,
           isolated = false,
           reason = excluded.reason, claim = excluded.claim, due_at = excluded.due_at,
           finished_at = excluded.finished_at
     where d.generation = excluded.generation - 1
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at, d.finished_at
  )
  select array_agg(format('%s/%s/%s', w.position, w.subscription_id, w.generation - 1)),
         array_agg(w.position) filter (where w.finished_at is not null),
         array_agg(w.subscription_id) filter (where w.finished_at is not null),
         array_agg(row(w.position, w.subscription_id, w.state, w.generation, w.attempt, w.due_at):::BUS.opened)
           filter (where w.finished_at is null)
    into moved, ended_positions, ended_subscriptions, opened
    from written w;
  added := :BUS.after_transition(ended_positions, ended_subscriptions, opened);
  if cardinality(moved) = jsonb_array_length(settlements) then
    return;
  end if;
  return query
    select i.p, i.s, i.g, d.state
      from jsonb_to_recordset(settlements) as i(p bigint, s integer, g integer, claim text)
      left join :BUS.deliveries d
        on d.position = i.p and d.subscription_id = i.s and d.generation = i.g + 1 and d.claim = i.claim
     where format('%s/%s/%s', i.p, i.s, i.g) <> all (coalesce(moved, '{}'));
end $$;

-- Puts on record that the handler of a delivery is called now, in a process in which nothing else runs; or that others run
-- beside it from now on. Without an outcome later, a process in which nothing else ran has died of it. Who finds the
-- delivery in other hands waits for nobody: it then does not count.
create or replace function :BUS.set_isolated("position" bigint, subscription_id integer, generation integer, isolated boolean) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update :BUS.deliveries d set isolated = $4
    from (select f.position, f.subscription_id from :BUS.deliveries f
           where f.position = $1 and f.subscription_id = $2 and f.generation = $3 for no key update skip locked) f
   where d.position = f.position and d.subscription_id = f.subscription_id
$$;

-- The same for deliveries that were made at the first attempt: nearly all of them.
create or replace function :BUS.deliver(positions bigint[], subscriptions integer[], claims text[])
returns table ("position" bigint, subscription_id integer, generation integer, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} ${WAIT_BRIEFLY} as $$
#variable_conflict use_column
declare
  written integer;
  added integer;
  at constant timestamptz := clock_timestamp();
begin${COMMIT_SOON}
  insert into :BUS.deliveries (position, subscription_id, state, generation, attempt, claim, finished_at)
  select i.p, i.s, 'delivered', 1, 1, i.c, at
    from unnest(positions, subscriptions, claims) i(p, s, c) order by i.p, i.s
  on conflict do nothing;
  get diagnostics written = row_count;
  if written = cardinality(positions) then
    added := :BUS.after_transition(positions, subscriptions, null);
    return;
  end if;
  if written > 0 then
    -- What the same claim has written before has another time.
    perform :BUS.after_transition(array_agg(i.p), array_agg(i.s), null)
       from unnest(positions, subscriptions, claims) i(p, s, c)
       join :BUS.deliveries d on d.position = i.p and d.subscription_id = i.s
      where d.generation = 1 and d.claim = i.c and d.finished_at = at;
  end if;
  return query
    select i.p, i.s, 0, case when d.generation = 1 and d.claim = i.c then d.state end
      from unnest(positions, subscriptions, claims) i(p, s, c)
      left join :BUS.deliveries d on d.position = i.p and d.subscription_id = i.s
     where d.generation is distinct from 1 or d.claim is distinct from i.c;
end $$;

-- The same for subscribers that keep rows only of failures: one row for all of a part of the log that were made together. Of a delivery that
-- has a row of its own, that row is the truth.
create or replace function :BUS.deliver_without_rows(positions bigint[], subscriptions integer[])
returns table ("position" bigint, subscription_id integer, generation integer, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
declare
  refused integer;
  added integer;
begin${COMMIT_SOON}
  insert into :BUS.delivered (subscription_id, lowest, highest, positions)
  select i.s, min(i.p), max(i.p), array_agg(i.p order by i.p)
    from unnest(positions, subscriptions) i(p, s)
   where not exists (select from :BUS.deliveries d where d.position = i.p and d.subscription_id = i.s)
   group by i.s, ${partOf("i.p")} order by i.s, ${partOf("i.p")};
  return query
    select i.p, i.s, 0, null::text
      from unnest(positions, subscriptions) i(p, s)
      join :BUS.deliveries d on d.position = i.p and d.subscription_id = i.s;
  get diagnostics refused = row_count;
  if refused = 0 then
    added := :BUS.after_transition(positions, subscriptions, null);
  elsif refused < cardinality(positions) then
    perform :BUS.after_transition(array_agg(i.p), array_agg(i.s), null)
       from unnest(positions, subscriptions) i(p, s)
      where not exists (select from :BUS.deliveries d where d.position = i.p and d.subscription_id = i.s);
  end if;
end $$;
`;
