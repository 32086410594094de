import { DUE_AT } from "./jobs.js";
import { PLANNED_ONCE } from "./planned-once.js";

/** What the functions call that capture the changes of tables; these are generated for each table. */
export const capture = /* sql */ `
-- The moments that to_char cannot write as JavaScript does: before the year 1, after the year 9999, and infinite ones.
create or replace function :BUS.odd_moment(moment timestamp) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
  select case when not isfinite(moment) then moment::text
              else (select case when y.year between 0 and 9999 then lpad(y.year::text, 4, '0')
                                else case when y.year < 0 then '-' else '+' end || lpad(abs(y.year)::text, 6, '0') end
                      -- There is no year 0 in PostgreSQL.
                      from (select extract(year from moment)::integer + case when extract(year from moment) < 0 then 1 else 0 end) y(year))
                   || to_char(moment, '-MM-DD"T"HH24:MI:SS.MS"Z"') end
$$;

-- A json can contain \\u0000, a jsonb cannot: it is left out, so that the row can be written.
create or replace function :BUS.json_without_nul(value json) returns jsonb
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
begin
  if strpos(value::text, '\\u0000') = 0 then
    return value::jsonb;
  end if;
  return regexp_replace(value::text, '(?<!\\\\)((?:\\\\\\\\)*)\\\\u0000', '\\1', 'g')::jsonb;
end $$;

-- JSON without blanks, with its keys sorted.
create or replace function :BUS.compact_json(value jsonb) returns text
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
begin
  return case jsonb_typeof(value)
    when 'object' then '{' || coalesce((select string_agg(to_json(e.key)::text || ':' || :BUS.compact_json(e.value), ',' order by e.key collate "C") from jsonb_each(value) e), '') || '}'
    when 'array' then '[' || coalesce((select string_agg(:BUS.compact_json(e.value), ',' order by e.n) from jsonb_array_elements(value) with ordinality e(value, n)), '') || ']'
    when 'number' then trim_scale(value::numeric)::text
    else value::text end;
end $$;

create or replace function :BUS.json_key(value jsonb) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
  select case jsonb_typeof(value) when 'string' then value #>> '{}' else :BUS.compact_json(value) end
$$;

-- A float as JavaScript writes it.
create or replace function :BUS.number_text(value float8, said text) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $$
  select case when value = 0 then '0'
              when abs(value) >= 1e21 or abs(value) < 1e-6 then regexp_replace(said, 'e([-+])0+', 'e\\1')
              when said ~ 'e' then trim_scale(said::numeric)::text
              else said end
$$;

-- Whether two values of a field differ: -0 is 0.
create or replace function :BUS.differ(one jsonb, other jsonb) returns boolean
language sql immutable
return one is distinct from other and not (one in ('"-0"', '0') and other in ('"-0"', '0'));

-- Rows before and after a statement are paired by their place.
create or replace function :BUS.not_paired() returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the rows before and after cannot be paired: a trigger took one back while it moved to another partition'
    using errcode = 'EB010';
end $$;

-- What the transaction says of its events.
create or replace function :BUS.call_metadata() returns jsonb
language sql stable
return coalesce(nullif(current_setting('event_bus.metadata', true), '')::jsonb, '{}')
       || case when coalesce(nullif(current_setting('event_bus.metadata', true), '')::jsonb, '{}') ? 'correlationId' then '{}'
               else jsonb_build_object('correlationId', 'tx:' || pg_current_xact_id()) end;

-- Adds the jobs of events, each with the subscriptions that it went to.
create or replace function :BUS.enqueue_captured(positions bigint[], fanouts jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
declare
  own :WORKER.job_spec[];
  others :BUS.foreign_job[];
  held_positions bigint[];
  held integer[];
  added integer;
begin
  select array_agg(:BUS.job_for(s.subscriber, s.priority, g.position, s.id, 0, 0, ${DUE_AT}) order by g.position, s.id)
           filter (where s.worker_schema = :WORKER_TEXT and not s.paused),
         array_agg(row(s.worker_schema, :BUS.job_for(s.subscriber, s.priority, g.position, s.id, 0, 0, ${DUE_AT})):::BUS.foreign_job order by g.position, s.id)
           filter (where s.worker_schema <> :WORKER_TEXT and not s.paused),
         array_agg(g.position order by g.position, s.id) filter (where s.paused), array_agg(s.id order by g.position, s.id) filter (where s.paused)
    into own, others, held_positions, held
    from unnest(positions) with ordinality g(position, n)
   cross join lateral jsonb_array_elements_text(fanouts -> (g.n - 1)::integer) f(id)
    join :BUS.subscriptions s on s.id = f.id::integer;
  if own is not null or others is not null then
    added := :BUS.enqueue(own, others);
  end if;
  if held is not null then
    perform :BUS.hold(held_positions, held);
  end if;
end $$;
`;
