import { SCHEMA_VERSION } from "../migrations.js";
import { DUE_AT } from "./jobs.js";
import { PLANNED_ONCE } from "./planned-once.js";

const COLUMNS = `id, name, version, aggregate_type, aggregate_key, operation, source_schema,
      aggregate, changes, initial_data, metadata, types, fanout`;

/** The columns of an event from its JSON. */
function valuesOf(event: string, fanout: string): string {
  const orEmpty = (part: string) => `coalesce(nullif(${event} -> '${part}', 'null'), '{}')`;
  return `coalesce((${event} ->> 'id')::uuid, :BUS.uuid_v7()),
      ${event} ->> 'name',
      coalesce((${event} ->> 'version')::integer, 1),
      ${event} ->> 'aggregateType',
      ${event} ->> 'aggregateKey',
      coalesce(${event} ->> 'operation', 'publish'),
      ${event} ->> 'sourceSchema',
      ${event} -> 'aggregate',
      ${orEmpty("changes")},
      ${orEmpty("initialData")},
      ${orEmpty("metadata")},
      nullif(${event} -> 'types', 'null'),
      ${fanout}`;
}

/** The same for many events, read by one function: reading each column by its name takes half as long again. */
const MANY = `rows from (jsonb_to_recordset(list) as (
          id uuid, name text, version integer, "aggregateType" text, "aggregateKey" text, operation text,
          "sourceSchema" text, aggregate jsonb, changes jsonb, "initialData" jsonb, metadata jsonb, types jsonb
        )) with ordinality r(id, name, version, aggregate_type, aggregate_key, operation, source_schema,
          aggregate, changes, initial_data, metadata, types, n)`;

/** Columns that many events can share. */
const SHARED = `jsonb_to_record(coalesce(events -> 'shared', '{}')) as
          s(name text, version integer, "aggregateType" text, operation text, "sourceSchema" text, types jsonb, metadata jsonb)`;

/** The columns of one of {@link MANY}. A null aggregate needs care: JSON null and SQL null differ. */
const VALUES_OF_ONE = `coalesce(g.id, :BUS.uuid_v7()),
      coalesce(g.name, shared.name),
      coalesce(g.version, shared.version, 1),
      coalesce(g.aggregate_type, shared."aggregateType"),
      g.aggregate_key,
      coalesce(g.operation, shared.operation, 'publish'),
      coalesce(g.source_schema, shared."sourceSchema"),
      coalesce(g.aggregate, list -> (g.n - 1)::integer -> 'aggregate'),
      coalesce(g.changes, '{}'),
      coalesce(g.initial_data, '{}'),
      coalesce(g.metadata, shared.metadata, '{}'),
      coalesce(g.types, shared.types),
      coalesce((select f.ids from fanouts f where f.event_name = coalesce(g.name, shared.name)), '{}')`;

/** The job for a subscription `s` that a new event goes to. */
function jobFor(position: string): string {
  return `:BUS.job_for(s.subscriber, s.priority, ${position}, s.id, 0, 0, ${DUE_AT})`;
}

/** The jobs for this installation's own worker schema. Paused subscriptions get none. */
function ownJobs(position: string, order: string): string {
  return `array_agg(${jobFor(position)} order by ${order}) filter (where s.worker_schema = :WORKER_TEXT and not s.paused)`;
}

/** The jobs for other worker schemas. */
function foreignJobs(position: string, order: string): string {
  return `array_agg(row(s.worker_schema, ${jobFor(position)}):::BUS.foreign_job order by ${order})
                    filter (where s.worker_schema <> :WORKER_TEXT and not s.paused)`;
}

/** Publishes events. Every write runs this. */
export const publish = /* sql */ `
-- The functions name the objects of this schema with their schema, and find everything else in pg_catalog, which is first
-- in their search_path: another role cannot replace a function by one of the same name.

-- A UUID v7 for an event without an id: 48 bits of milliseconds, then random bits.
create or replace function :BUS.uuid_v7() returns uuid
language sql volatile set search_path = pg_catalog, pg_temp
return encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
      from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;

-- Stores events and adds one job for each event and subscription, in the caller's transaction. "events" is an array, or
-- {"shared": ..., "events": [...]}: an event takes the values of "shared" that it does not have itself. Every write runs
-- this, so a single event has statements of its own, which start faster than those for many events. Plans are not made
-- anew, even for tables without statistics. A caller without a schema version is another program than the package. Only
-- the events of such programs are checked: the type hints of the package always fit.
create or replace function :BUS.publish(events jsonb, schema_version integer default null)
returns table (id uuid, "position" bigint, deliveries integer)
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
declare
  installed constant integer := ${SCHEMA_VERSION};
  list jsonb := events;
  shared record;
  single jsonb;
  ids uuid[];
  positions bigint[];
  counts integer[];
  goes_to integer[];
  own :WORKER.job_spec[];
  others :BUS.foreign_job[];
  added integer;
  held_positions bigint[];
  held integer[];
begin
  if schema_version > installed then
    raise exception 'the event bus in this database has schema version %, the publisher needs version %', installed, schema_version
      using errcode = 'EB001', hint = 'Run: npx ex-event-bus migrate';
  end if;
  -- The transaction must have its id before it draws a position: advance_watermark relies on that.
  perform pg_current_xact_id();
  if jsonb_typeof(events) = 'array' and jsonb_array_length(events) = 1 then
    single := events -> 0;
    if schema_version is null then
      perform :BUS.check_given(single);
    end if;
    -- The position is drawn first, so that one read of the subscriptions serves the event and its jobs.
    position := nextval(format('%I.events_position_seq', :BUS_TEXT)::regclass);
    select coalesce(array_agg(s.id order by s.id), '{}'),
           ${ownJobs("publish.position", "s.id")},
           ${foreignJobs("publish.position", "s.id")},
           array_agg(publish.position) filter (where s.paused), array_agg(s.id) filter (where s.paused)
      into goes_to, own, others, held_positions, held
      from :BUS.subscriptions s
     where s.event_name = single ->> 'name' and s.ended_at is null;
    deliveries := cardinality(goes_to);
    insert into :BUS.events (position, ${COLUMNS}) overriding system value
    values (publish.position, ${valuesOf("single", "goes_to")})
    returning events.id into id;
  else
    if jsonb_typeof(events) = 'object' then
      list := coalesce(events -> 'events', 'null');
    end if;
    if jsonb_typeof(list) <> 'array' then
      raise exception 'events are expected as an array, or as an array "events" beside "shared"' using errcode = '22023';
    end if;
    if schema_version is null then
      perform :BUS.check_given(coalesce(events -> 'shared', '{}')
                || case when jsonb_typeof(e -> 'types') = 'null' then e - 'types' else e end)
         from jsonb_array_elements(list) e;
    end if;
    select s.* into shared from ${SHARED};
    -- The subscriptions are read once for each name, not for each event.
    with given as materialized (
      select * from ${MANY}
    ), targets as materialized (
      select s.* from (select distinct coalesce(g.name, shared.name) as name from given g) names join :BUS.subscriptions s on s.event_name = names.name
       where s.ended_at is null
    ), fanouts as materialized (
      select t.event_name, array_agg(t.id order by t.id) as ids from targets t group by t.event_name
    ), inserted as (
      insert into :BUS.events (${COLUMNS})
      select ${VALUES_OF_ONE}
        from given g order by g.n
      returning id, position, name, fanout
    ), jobs as (
      select ${ownJobs("f.position", "f.position, s.id")} as own,
             ${foreignJobs("f.position", "f.position, s.id")} as others,
             array_agg(f.position order by f.position, s.id) filter (where s.paused) as held_positions,
             array_agg(s.id order by f.position, s.id) filter (where s.paused) as held
        from inserted f join targets s on s.event_name = f.name
    )
    select array_agg(i.id order by i.position),
           array_agg(i.position order by i.position),
           array_agg(cardinality(i.fanout) order by i.position),
           (select j.own from jobs j), (select j.others from jobs j),
           (select j.held_positions from jobs j), (select j.held from jobs j)
      into ids, positions, counts, own, others, held_positions, held
      from inserted i;
  end if;
  if own is not null or others is not null then
    added := :BUS.enqueue(own, others);
  end if;
  if held is not null then
    perform :BUS.hold(held_positions, held);
  end if;
  if single is not null then
    return next;
  else
    return query select * from unnest(ids, positions, counts);
  end if;
end $$;

-- The same for a single event, for psql and other languages.
create or replace function :BUS.publish(
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
`;
