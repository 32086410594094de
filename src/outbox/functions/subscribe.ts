import { IS_ALIVE } from "../alive-workers.js";

/** True when the subscription `s` does not have the policy `p`. */
const DIFFERS =
  "(s.worker_schema, s.priority, s.delay_ms, s.policy) is distinct from (p.worker_schema, p.priority, p.delay_ms, p.policy)";

/** The newest policy that a running worker has for the subscription `s`, as `p`. */
const NEWEST = /* sql */ `(
    select p.* from :BUS.workers w cross join lateral unnest(w.policies) r(id) join :BUS.policies p on p.id = r.id
     where p.event_name = s.event_name and p.subscriber = s.subscriber and p.application = s.application
       and ${IS_ALIVE}
     order by p.id desc limit 1)`;

/** Adds, updates and keeps subscriptions. */
export const subscribe = /* sql */ `
-- Adds and updates the subscriptions of an application. Writes only differences, deletes nothing, and returns the
-- subscribers whose subscriptions were written. An older policy does not replace a newer one that a running worker has:
-- an old process that restarts must not undo a deployment. If the workers of a subscription move to another schema of
-- graphile-worker, its open deliveries get new jobs there.
create or replace function :BUS.subscribe(application text, worker_schema text, subscriptions jsonb)
returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  other record;
  elsewhere integer[];
  -- Inside this function the current user is its owner, not the caller.
  caller constant name := coalesce(nullif(current_setting('role'), 'none')::name, session_user);
  wanted jsonb := (
    select jsonb_agg(jsonb_build_object('event', i.event, 'subscriber', i.subscriber, 'priority', i.priority,
                                        'delay_ms', i."delayMs", 'policy', i.policy))
      from jsonb_to_recordset(subscriptions)
        as i(event text, subscriber text, priority smallint, "delayMs" bigint, policy jsonb)
     where not exists (
       select from :BUS.subscriptions s
        where s.event_name = i.event and s.subscriber = i.subscriber and s.application = $1
          and s.worker_schema = $2 and s.priority = i.priority and s.delay_ms = i."delayMs" and s.policy = i.policy
          and s.ended_at is null)
        or not exists (
       select from :BUS.policies p
        where p.event_name = i.event and p.subscriber = i.subscriber and p.application = $1
          and p.worker_schema = $2 and p.priority = i.priority and p.delay_ms = i."delayMs" and p.policy = i.policy));
begin
  if wanted is null then
    return;
  end if;
  -- Publishing calls add_jobs of that schema with the rights of the owner of this function. A role that could create an
  -- add_jobs there would gain these rights. Nor may a role add jobs for workers whose schema it may not use.
  if worker_schema <> :WORKER_TEXT and not exists (
    select from pg_namespace n
     where n.nspname = $2 and has_schema_privilege(caller, n.oid, 'usage') and pg_has_role(n.nspowner, current_user, 'usage')
       and exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = 'add_jobs')
       and not exists (select from pg_proc p where p.pronamespace = n.oid and p.proname = 'add_jobs'
                                               and not pg_has_role(p.proowner, current_user, 'usage')))
  then
    raise exception 'the role "%" may not subscribe for workers in schema "%": expected a schema of graphile-worker that it may use, and that is owned by the owner of the event bus', caller, $2
      using errcode = '42501';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:' || :BUS_TEXT, 0));
  select s.subscriber, s.application into other
    from :BUS.subscriptions s join jsonb_array_elements(wanted) w on s.subscriber = w ->> 'subscriber'
   where s.application <> $1 and s.ended_at is null order by 1 limit 1;
  if found then
    raise exception 'The subscriber "%" belongs to the application "%", not to "%". Give it another name, or end the other with: npx ex-event-bus unsubscribe %',
      other.subscriber, other.application, $1, other.subscriber using errcode = 'EB003';
  end if;
  insert into :BUS.policies (event_name, subscriber, application, worker_schema, priority, delay_ms, policy)
  select w.event, w.subscriber, $1, $2, w.priority, w.delay_ms, w.policy
    from jsonb_to_recordset(wanted) as w(event text, subscriber text, priority smallint, delay_ms bigint, policy jsonb)
   order by w.event, w.subscriber
  on conflict do nothing;
  wanted := (
    select jsonb_agg(to_jsonb(w))
      from jsonb_to_recordset(wanted) as w(event text, subscriber text, priority smallint, delay_ms bigint, policy jsonb)
      join :BUS.policies k
        on k.event_name = w.event and k.subscriber = w.subscriber and k.application = $1 and k.worker_schema = $2
       and k.priority = w.priority and k.delay_ms = w.delay_ms and k.policy = w.policy
      left join :BUS.subscriptions s on s.event_name = w.event and s.subscriber = w.subscriber and s.ended_at is null
      left join lateral ${NEWEST} p on true
     where p.id is null or p.id <= k.id);
  if wanted is null then
    return;
  end if;
  elsewhere := array(
    select s.id from :BUS.subscriptions s join jsonb_array_elements(wanted) w
        on s.event_name = w ->> 'event' and s.subscriber = w ->> 'subscriber'
     where s.worker_schema <> $2);
  return query
    with written as (
      insert into :BUS.subscriptions as s
             (event_name, subscriber, application, worker_schema, priority, delay_ms, policy, paused)
      select w.event, w.subscriber, $1, $2, w.priority, w.delay_ms, w.policy,
             -- A subscriber that is paused is paused for its new events too.
             exists (select from :BUS.subscriptions p where p.subscriber = w.subscriber and p.paused)
        from jsonb_to_recordset(wanted)
          as w(event text, subscriber text, priority smallint, delay_ms bigint, policy jsonb)
       order by w.event, w.subscriber
      on conflict (event_name, subscriber) do update
         set application = excluded.application, worker_schema = excluded.worker_schema, priority = excluded.priority,
             delay_ms = excluded.delay_ms, policy = excluded.policy, ended_at = null
       -- A concurrent call that held the row may have written the same values.
       where (s.application, s.worker_schema, s.priority, s.delay_ms, s.policy, s.ended_at) is distinct from
             (excluded.application, excluded.worker_schema, excluded.priority, excluded.delay_ms, excluded.policy, null)
      returning s.subscriber
    )
    select distinct w.subscriber from written w order by 1;
  if elsewhere <> '{}' then
    perform :BUS.wake_all(elsewhere);
  end if;
end $$;

-- Gives each subscription the newest policy that a running worker has for it. A subscription that no running worker has
-- keeps its policy. After a rollback, the older policy therefore comes into force once the last worker of the newer
-- version has ended. An older policy that was registered while no newer worker ran is replaced once one runs.
create or replace function :BUS.prefer_newest() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  elsewhere integer[];
begin
  if not exists (
    select from :BUS.subscriptions s cross join lateral ${NEWEST} p where s.ended_at is null and ${DIFFERS})
  then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:' || :BUS_TEXT, 0));
  elsewhere := array(
    select s.id from :BUS.subscriptions s cross join lateral ${NEWEST} p
     where s.ended_at is null and s.worker_schema <> p.worker_schema);
  update :BUS.subscriptions s
     set worker_schema = n.worker_schema, priority = n.priority, delay_ms = n.delay_ms, policy = n.policy
    from (select s.id, p.worker_schema, p.priority, p.delay_ms, p.policy
            from :BUS.subscriptions s cross join lateral ${NEWEST} p where s.ended_at is null and ${DIFFERS}) n
   where s.id = n.id;
  if elsewhere <> '{}' then
    perform :BUS.wake_all(elsewhere);
  end if;
end $$;

-- The policies that an application has registered, and whether each is in force.
create or replace function :BUS.registered(application text, worker_schema text, subscriptions jsonb)
returns table (id bigint, subscriber text, in_force boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.id, p.subscriber, not ${DIFFERS}
    from jsonb_to_recordset($3) as i(event text, subscriber text, priority smallint, "delayMs" bigint, policy jsonb)
    join :BUS.policies p
      on p.event_name = i.event and p.subscriber = i.subscriber and p.application = $1 and p.worker_schema = $2
     and p.priority = i.priority and p.delay_ms = i."delayMs" and p.policy = i.policy
    join :BUS.subscriptions s on s.event_name = i.event and s.subscriber = i.subscriber
   order by p.id
$$;

-- Registers task identifiers in a schema of graphile-worker through its public functions only: it adds a job for each
-- identifier and removes the job again. This is a function because graphile-worker's functions use the search path of
-- their caller.
create or replace function :BUS.register(worker_schema text, identifiers text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format(
    'select %1$I.remove_job(job_key => (%1$I.add_job(identifier => i, job_key => %2$L || i, run_at => %3$L)).key) from unnest($1) i',
    worker_schema, 'ex-event-bus:register:', 'infinity') using identifiers;
end $$;

-- Refuses to delete a subscription that events in the log went to. Deliveries refer to it by its id alone, so without
-- the row they could not be made, ended or found.
create or replace function :BUS.keep_subscription() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from :BUS.events e where e.name = old.event_name and old.id = any (e.fanout)) then
    raise exception 'The subscription of "%" to "%" is not deleted: events in the log went to it. End it with: npx ex-event-bus unsubscribe %',
      old.subscriber, old.event_name, old.subscriber using errcode = '23503';
  end if;
  return old;
end $$;
create or replace trigger keep_subscription before delete on :BUS.subscriptions
  for each row execute function :BUS.keep_subscription();
`;
