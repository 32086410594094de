/**
 * Tables, publishing and settling. `:BUS` and `:WORKER` stand for the escaped names of the two schemas.
 *
 * A delivery has a row only once something happened to it: an event's `fanout` says to which subscriptions it
 * went, so that publishing writes one row per event and one job per delivery, and nothing else.
 */
export const init = /* sql */ `
create table :BUS.events (
  position bigint generated always as identity primary key,
  id uuid not null unique,
  name text not null,
  version integer not null default 1,
  aggregate_type text,
  aggregate_key text,
  operation text not null default 'publish' check (operation in ('create', 'update', 'delete', 'publish')),
  source_schema text,
  aggregate jsonb not null,
  changes jsonb not null default '{}',
  initial_data jsonb not null default '{}',
  metadata jsonb not null default '{}',
  types jsonb,
  fanout integer[] not null default '{}',
  xid xid8 not null default pg_current_xact_id(),
  occurred_at timestamptz not null default clock_timestamp()
);
create index events_aggregate on :BUS.events (aggregate_type, aggregate_key, position);
create index events_name on :BUS.events (name, position);

create table :BUS.subscriptions (
  id integer generated always as identity primary key,
  event_name text not null,
  subscriber text not null check (char_length(subscriber) between 1 and 118),
  application text not null,
  worker_schema text not null,
  priority smallint not null default 0,
  delay_ms bigint not null default 0,
  policy jsonb not null default '{}',
  ordered_by text[],
  paused boolean not null default false,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  unique (event_name, subscriber)
);
create index subscriptions_subscriber on :BUS.subscriptions (subscriber);

create table :BUS.deliveries (
  position bigint not null,
  subscription_id integer not null,
  state text not null check (state in ('retrying', 'snoozed', 'delivered', 'cancelled', 'dead')),
  generation integer not null,
  attempt integer not null,
  errors jsonb not null default '[]',
  claim text,
  due_at timestamptz,
  finished_at timestamptz,
  primary key (position, subscription_id)
);
create index deliveries_unfinished on :BUS.deliveries (subscription_id, state, position)
  where state in ('retrying', 'snoozed', 'dead');

create table :BUS.workers (
  id text primary key,
  application text not null,
  worker_schema text not null,
  version text not null,
  schema_version integer not null,
  host text not null,
  pid integer not null,
  dead_after_ms integer not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
);

create type :BUS.wakeup as (
  worker_schema text,
  task text,
  payload json,
  run_at timestamptz,
  priority smallint
);

-- Functions name our objects with their schema and find everything else in pg_catalog, which their
-- search_path puts first: nobody can put a function of the same name in front.

-- UUID v7, for events that come without an id: 48 bits of milliseconds, then random bits.
create function :BUS.uuid_v7() returns uuid
language sql volatile set search_path = pg_catalog, pg_temp
return encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
      from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;

-- Adds the jobs of wake-ups. Those of this installation's own worker schema by a statement that PostgreSQL plans
-- once; those of other applications by one statement for each of their schemas. graphile-worker never exhausts
-- these jobs: attempts are counted by us.
create function :BUS.enqueue(wakeups :BUS.wakeup[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own :WORKER.job_spec[];
  others text[];
  target text;
begin
  select array_agg(row(w.task, w.payload, null, w.run_at, 32767::smallint, null, w.priority, null):::WORKER.job_spec)
           filter (where w.worker_schema = :WORKER_TEXT),
         array_agg(distinct w.worker_schema) filter (where w.worker_schema <> :WORKER_TEXT)
    into own, others
    from unnest(wakeups) w;
  if own is not null then
    perform count(*) from :WORKER.add_jobs(specs => own);
  end if;
  if others is not null then
    foreach target in array others loop
      execute format(
        'select count(*) from %1$I.add_jobs(specs => array('
        '  select row(w.task, w.payload, null, w.run_at, 32767::smallint, null, w.priority, null)::%1$I.job_spec'
        '  from unnest($1) w where w.worker_schema = $2))', target) using wakeups, target;
    end loop;
  end if;
end $$;

-- Stores events and adds one job for each event and subscription, in the caller's transaction. The jobs of this
-- installation's own worker schema are made here, without the detour of wake-ups: this is the path of every write.
create function :BUS.publish(events jsonb, schema_version integer default null)
returns table (id uuid, "position" bigint, deliveries integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  installed constant integer := 1;
  ids uuid[];
  positions bigint[];
  counts integer[];
  own :WORKER.job_spec[];
  others :BUS.wakeup[];
begin
  if schema_version > installed then
    raise exception 'the event bus in this database has schema version %, the publisher needs version %', installed, schema_version
      using errcode = 'EB001', hint = 'Run: npx ex-event-bus migrate';
  end if;
  with inserted as (
    insert into :BUS.events (id, name, version, aggregate_type, aggregate_key, operation, source_schema,
                             aggregate, changes, initial_data, metadata, types, fanout)
    select coalesce((i.e ->> 'id')::uuid, :BUS.uuid_v7()),
           i.e ->> 'name',
           coalesce((i.e ->> 'version')::integer, 1),
           i.e ->> 'aggregateType',
           i.e ->> 'aggregateKey',
           coalesce(i.e ->> 'operation', 'publish'),
           i.e ->> 'sourceSchema',
           i.e -> 'aggregate',
           coalesce(nullif(i.e -> 'changes', 'null'), '{}'),
           coalesce(nullif(i.e -> 'initialData', 'null'), '{}'),
           coalesce(nullif(i.e -> 'metadata', 'null'), '{}'),
           nullif(i.e -> 'types', 'null'),
           array(select s.id from :BUS.subscriptions s
                  where s.event_name = i.e ->> 'name' and s.ended_at is null order by s.id)
      from jsonb_array_elements(events) with ordinality i(e, n) order by i.n
    returning id, position, fanout
  ), jobs as (
    select array_agg(row('event_bus:' || s.subscriber,
                   json_build_object('p', f.position, 's', s.id, 'g', 0, 'a', 0), null,
                   case when s.delay_ms > 0 then clock_timestamp() + s.delay_ms * interval '1 millisecond' end,
                   32767::smallint, null, s.priority, null):::WORKER.job_spec order by f.position, s.id)
              filter (where s.worker_schema = :WORKER_TEXT) as own,
           array_agg(row(s.worker_schema, 'event_bus:' || s.subscriber,
                   json_build_object('p', f.position, 's', s.id, 'g', 0, 'a', 0),
                   case when s.delay_ms > 0 then clock_timestamp() + s.delay_ms * interval '1 millisecond' end,
                   s.priority):::BUS.wakeup order by f.position, s.id)
              filter (where s.worker_schema <> :WORKER_TEXT) as others
      from inserted f join :BUS.subscriptions s on s.id = any (f.fanout)
  )
  select array_agg(i.id order by i.position),
         array_agg(i.position order by i.position),
         array_agg(cardinality(i.fanout) order by i.position),
         (select j.own from jobs j), (select j.others from jobs j)
    into ids, positions, counts, own, others
    from inserted i;
  if own is not null then
    perform count(*) from :WORKER.add_jobs(specs => own);
  end if;
  if others is not null then
    perform :BUS.enqueue(others);
  end if;
  return query select * from unnest(ids, positions, counts);
end $$;

-- The same for a single event, for psql and other languages.
create function :BUS.publish(
  name text,
  aggregate jsonb,
  key text default null,
  type text default null,
  metadata jsonb default '{}',
  changes jsonb default '{}',
  initial_data jsonb default '{}',
  types jsonb default null,
  version integer default 1,
  id uuid default null
) returns table (id uuid, "position" bigint, deliveries integer)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select * from :BUS.publish(jsonb_build_array(jsonb_build_object(
    'id', $10, 'name', $1, 'aggregate', $2, 'aggregateKey', $3, 'aggregateType', $4, 'metadata', $5, 'changes', $6,
    'initialData', $7, 'types', $8, 'version', $9)))
$$;

-- Moves deliveries on: only where the generation is the caller's, and with the next wake-up in the same transaction.
-- Returns what was moved. A delivery without a row has generation 0, and no other.
create function :BUS.settle(settlements jsonb)
returns table ("position" bigint, subscription_id integer, generation integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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

-- Adds and updates the subscriptions of an application, writes only on a difference, never deletes.
-- Returns the subscribers of which something was written.
create function :BUS.subscribe(application text, worker_schema text, subscriptions jsonb)
returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  other record;
  wanted jsonb := (
    select jsonb_agg(jsonb_build_object('event', i.event, 'subscriber', i.subscriber, 'priority', i.priority,
                                        'delay_ms', i."delayMs", 'policy', i.policy))
      from jsonb_to_recordset(subscriptions)
        as i(event text, subscriber text, priority smallint, "delayMs" bigint, policy jsonb)
     where not exists (
       select from :BUS.subscriptions s
        where s.event_name = i.event and s.subscriber = i.subscriber and s.application = $1
          and s.worker_schema = $2 and s.priority = i.priority and s.delay_ms = i."delayMs" and s.policy = i.policy
          and s.ended_at is null));
begin
  if wanted is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('ex-event-bus:subscribe:' || :BUS_TEXT, 0));
  select s.subscriber, s.application into other
    from :BUS.subscriptions s join jsonb_array_elements(wanted) w on s.subscriber = w ->> 'subscriber'
   where s.application <> $1 and s.ended_at is null order by 1 limit 1;
  if found then
    raise exception 'The subscriber "%" belongs to the application "%", not to "%". Give it another name, or end the other with: npx ex-event-bus unsubscribe %',
      other.subscriber, other.application, $1, other.subscriber using errcode = 'EB003';
  end if;
  return query
    with written as (
      insert into :BUS.subscriptions as s (event_name, subscriber, application, worker_schema, priority, delay_ms, policy)
      select w.event, w.subscriber, $1, $2, w.priority, w.delay_ms, w.policy
        from jsonb_to_recordset(wanted)
          as w(event text, subscriber text, priority smallint, delay_ms bigint, policy jsonb)
       order by w.event, w.subscriber
      on conflict (event_name, subscriber) do update
         set application = excluded.application, worker_schema = excluded.worker_schema, priority = excluded.priority,
             delay_ms = excluded.delay_ms, policy = excluded.policy, ended_at = null
      returning s.subscriber
    )
    select distinct w.subscriber from written w order by 1;
end $$;

revoke all on function :BUS.enqueue(:BUS.wakeup[]) from public;
revoke all on function :BUS.publish(jsonb, integer) from public;
revoke all on function :BUS.publish(text, jsonb, text, text, jsonb, jsonb, jsonb, jsonb, integer, uuid) from public;
revoke all on function :BUS.settle(jsonb) from public;
revoke all on function :BUS.subscribe(text, text, jsonb) from public;
`;
