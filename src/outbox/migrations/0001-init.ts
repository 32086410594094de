/**
 * Tables, indexes and types. A delivery has a row only once something happened to it: an event's `fanout` says to which
 * subscriptions it went, so that publishing writes one row per event and one job per delivery, and nothing else.
 *
 * Tables that change all the time are vacuumed by the number of dead rows, not by their share of the table: with
 * PostgreSQL's default a log of a hundred million rows would keep twenty million dead ones.
 */
export const init = /* sql */ `
-- What is installed: for which schema of graphile-worker, and which functions. Those are not a part of migrations: they are
-- made anew as a whole, by the version of the package that has others.
create table :BUS.installation (
  one boolean primary key default true check (one),
  worker_schema text not null,
  package_version text not null,
  functions_hash text not null,
  functions text[] not null
);

create table :BUS.events (
  position bigint generated always as identity primary key,
  id uuid not null unique,
  name text not null check (name <> ''),
  version integer not null default 1 check (version > 0),
  aggregate_type text,
  aggregate_key text,
  operation text not null default 'publish' check (operation in ('create', 'update', 'delete', 'publish')),
  source_schema text,
  aggregate jsonb not null,
  changes jsonb not null default '{}' check (jsonb_typeof(changes) = 'object'),
  initial_data jsonb not null default '{}' check (jsonb_typeof(initial_data) = 'object'),
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  types jsonb check (jsonb_typeof(types) = 'object'),
  fanout integer[] not null default '{}',
  xid xid8 not null default pg_current_xact_id(),
  occurred_at timestamptz not null default clock_timestamp()
);
-- An index has no room for a key of thousands of characters, which must not keep a row from being written.
create index events_aggregate on :BUS.events (aggregate_type, left(aggregate_key, 200), position);
create index events_name on :BUS.events (name, position);
create index events_correlation on :BUS.events ((metadata ->> 'correlationId'), position)
  where metadata ->> 'correlationId' is not null;
-- Costs next to nothing, and leads past what occurred at other times.
create index events_occurred on :BUS.events using brin (occurred_at);

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

-- Every policy that a subscription was ever given, in the order in which each was first seen: of two the one with the
-- higher id is the newer one, whatever the clocks of those who bring them say.
-- Rows are never deleted, those of versions that run no more included: a process of one may start again, and it is the row
-- that is there from before, with its lower id, that keeps it from being taken for the newest. Without the row it would get
-- a new one, and win. There is a row for each change of a subscriber's options for an event, which people make in code: a
-- hundred subscribers that are changed a hundred times each are a few megabytes.
create table :BUS.policies (
  id bigint generated always as identity primary key,
  event_name text not null,
  subscriber text not null,
  application text not null,
  worker_schema text not null,
  priority smallint not null,
  delay_ms bigint not null,
  policy jsonb not null,
  unique (event_name, subscriber, application, worker_schema, priority, delay_ms, policy)
);

create table :BUS.deliveries (
  position bigint not null,
  subscription_id integer not null,
  state text not null check (state in ('waiting', 'retrying', 'snoozed', 'paused', 'delivered', 'cancelled', 'dead')),
  generation integer not null,
  attempt integer not null,
  errors jsonb not null default '[]',
  error_count integer not null default 0,
  deaths smallint not null default 0,
  isolated boolean not null default false,
  reason text,
  claim text,
  due_at timestamptz,
  finished_at timestamptz,
  primary key (position, subscription_id)
);
-- What is open or needs somebody is found without reading what is done.
create index deliveries_notable on :BUS.deliveries (subscription_id, state, position) where state <> 'delivered';

-- Below its checkpoint a subscription has no delivery without a row or a record of its being made: what waits is looked for
-- from there on. Moved up by housekeeping. Whoever adds subscriptions to the fanout of old events must move it back.
create table :BUS.checkpoints (
  subscription_id integer primary key,
  position bigint not null
) with (fillfactor = 50);

-- The low-water mark of the log, up to where it is final: no transaction can add or commit an event at or below "position"
-- any more. "drawn" was the last position when "xid" was the newest transaction.
create table :BUS.watermark (
  one boolean primary key default true check (one),
  position bigint not null default 0,
  drawn bigint not null default 0,
  xid xid8 not null default '0'
) with (fillfactor = 50);
insert into :BUS.watermark default values;

-- The tasks that one of the workers does for all of them, and when one did so last.
create table :BUS.maintenance (
  name text primary key,
  done_at timestamptz not null
) with (fillfactor = 50);

-- Deliveries that were made at the first attempt, of subscribers that keep rows only of failures: each row a note of those
-- of one part of the log that were recorded together. Nobody looks for a row by its id: without a primary key PostgreSQL
-- refuses to delete from a table that is published, as every table is by "for all tables".
create table :BUS.delivered (
  id bigint generated always as identity primary key,
  subscription_id integer not null,
  lowest bigint not null,
  highest bigint not null,
  positions bigint[] not null,
  delivered_at timestamptz not null default clock_timestamp()
);
-- Whether there is a note of a delivery is looked up in its part of the log, of which alone a note can be.
create index delivered_part on :BUS.delivered (subscription_id, (highest / 128::bigint));

create table :BUS.workers (
  id text primary key,
  application text not null,
  worker_schema text not null,
  version text not null,
  schema_version integer not null,
  host text not null,
  pid integer not null,
  name text not null default '',
  subscribers text[] not null default '{}',
  policies bigint[] not null default '{}',
  activity jsonb not null default '{}',
  dead_after_ms integer not null,
  awaits_jobs boolean not null default true,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

-- Workers that are gone. A claim of theirs can still come: its statement was under way when they were held for dead, or
-- a process that was only stopped goes on for a moment and dies before its next heartbeat. What it claims then would be
-- held for graphile-worker's four hours. So it is looked for again, ever more rarely. Those that were found dead died with
-- what they held; others stopped, or have new connections.
create table :BUS.departed (
  id text primary key,
  died boolean not null default false,
  worker_schema text not null,
  departed_at timestamptz not null default clock_timestamp(),
  look_at timestamptz not null
) with (fillfactor = 50);

alter table :BUS.events set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.02);
alter table :BUS.deliveries set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.02);
alter table :BUS.workers set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);

-- A delivery that is open, as somebody has just written it: it gets the job for its generation.
create type :BUS.opened as (
  position bigint,
  subscription_id integer,
  state text,
  generation integer,
  attempt integer,
  run_at timestamptz
);

-- A job for the workers of another schema of graphile-worker.
create type :BUS.foreign_job as (
  worker_schema text,
  job :WORKER.job_spec
);
`;
