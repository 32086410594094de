import { partOf } from "../open-deliveries.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** How many errors of a delivery are kept: the first ones, which show how it began, and the last ones. */
const FIRST_ERRORS = 5;
const MOST_ERRORS = 20;

/**
 * The commit of an outcome does not wait for the disk. If the server loses power before the outcome is on disk, the later
 * deletion of the job is lost too, and the delivery is made again, as if the worker had died a moment earlier. The setting is
 * not changed in a transaction that has already written something.
 */
const COMMIT_SOON = /* sql */ `
  if pg_current_xact_id_if_assigned() is null then
    perform set_config('synchronous_commit', 'off', true);
  end if;`;

/**
 * One statement records many outcomes. If another transaction has locked one of their rows, for example one whose client is
 * gone, the other outcomes must not wait for it. The limit is shorter than a second, the least time that a worker waits for an
 * answer: after that it repeats the whole statement.
 */
const WAIT_BRIEFLY = /* sql */ `set lock_timeout = '250ms'`;

/** Records the outcomes of attempts. */
export const settle = /* sql */ `
-- Settles deliveries whose generation is the caller's, and adds their next jobs in the same transaction. A delivery without
-- a row has generation 0. A delivery whose event was pruned is not settled. Returns the deliveries that were not settled;
-- with their state if the same claim settled them before, because then only the answer was lost.
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
       -- exists() would make PostgreSQL build a list of all events.
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

-- Records that a handler is about to run alone in its process, or that it no longer runs alone. If the process dies
-- before the outcome is recorded, and the handler ran alone, the handler caused the death. If another transaction has
-- locked the delivery, nothing is recorded: a death then does not count.
create or replace function :BUS.set_isolated("position" bigint, subscription_id integer, generation integer, isolated boolean) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update :BUS.deliveries d set isolated = $4
    from (select f.position, f.subscription_id from :BUS.deliveries f
           where f.position = $1 and f.subscription_id = $2 and f.generation = $3 for no key update skip locked) f
   where d.position = f.position and d.subscription_id = f.subscription_id
$$;

-- Settles deliveries that succeeded at the first attempt, as nearly all do.
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
    -- A row that the same claim wrote before has an earlier time.
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

-- The same for subscribers that keep rows of failures only: one row of delivered for each group of deliveries that belong
-- to one part of the log. If a delivery has a row in deliveries, that row decides.
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
