/** Checks the events that other programs publish with SQL, and refuses those that could not be read. */
export const checkGiven = /* sql */ `
-- Describes where a value does not fit its type hint; null if it fits. The package can read every value that fits.
create or replace function :BUS.misfit(path text, given jsonb, hint jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  kind constant text := jsonb_typeof(given);
  said constant text := jsonb_typeof(hint);
  tag constant text := case when said = 'string' then hint #>> '{}' end;
  scalar constant text := given #>> '{}';
  number numeric;
  digits text;
  reason text;
begin
  if given is null or kind = 'null' or hint is null or said = 'null' then
    return null;
  end if;
  if tag is null or tag in ('bigint', 'decimal', 'datetime', 'bytes', 'float') then
    if kind = 'array' and said in ('string', 'array', 'object') then
      select w.why into reason
        from jsonb_array_elements(given) with ordinality i(item, n)
       cross join lateral (
         select :BUS.misfit(format('%s[%s]', path, i.n - 1), i.item,
                  case said when 'string' then hint when 'array' then hint -> 0 else hint -> (i.n - 1)::text end) as why offset 0) w
       where w.why is not null
       order by i.n limit 1;
      return reason;
    elsif kind = 'object' and said = 'object' then
      select w.why into reason
        from jsonb_each(hint) h
       cross join lateral (select :BUS.misfit(format('%s.%s', path, h.key), given -> h.key, h.value) as why offset 0) w
       where w.why is not null
       order by h.key limit 1;
      return reason;
    elsif kind = 'number' then
      number := scalar::numeric;
      -- JSON readers round a number to the digits of a float.
      digits := ltrim(replace(trim_scale(abs(number))::text, '.', ''), '0');
      if (case tag
           when 'bigint' then number = trunc(number) and abs(number) <= 9007199254740991
           when 'datetime' then abs(number) <= 8.64e15
           when 'float' then true
           when 'decimal' then abs(number) <= 1.7976931348623157e308
             and length(case when abs(number) >= 1e21 then rtrim(digits, '0') else digits end) <= 15
         end) then
        return null;
      end if;
    elsif kind = 'string' then
      if (case tag
           when 'bigint' then scalar ~ '^-?[0-9]+$'
           when 'decimal' then scalar ~ '^(-?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,6})?|-?Infinity|NaN)$'
           when 'float' then scalar ~ '^([-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?|[-+]?Infinity|NaN)$'
           when 'bytes' then scalar ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
           when 'datetime' then scalar ~ ('^([0-9]{4}|[+-][0-9]{6})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
             '([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?$')
             and scalar !~ '^-0{6}' and (scalar !~ '^[+-]' or abs(left(scalar, 7)::integer) <= 271820)
         end) then
        return null;
      end if;
    end if;
  end if;
  return format('%s is %s, but its type hint says %s', path, left(given::text, 200), left(hint::text, 200));
end $$;

-- Refuses an event of another program if its values do not fit its type hints, or if a name in it is longer than the
-- name of any event type can be.
create or replace function :BUS.check_given(event jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  types constant jsonb := event -> 'types';
  reason text;
begin
  if length(event ->> 'name') > 200 or length(event ->> 'aggregateType') > 200 then
    raise exception 'the name or the aggregate type of an event has more than 200 characters: %',
        left(greatest(event ->> 'name', event ->> 'aggregateType'), 50) || '...'
      using errcode = 'EB004', hint = 'What differs from event to event belongs into its key or its aggregate.';
  end if;
  reason := coalesce(
    :BUS.misfit(format('%s.aggregate', event ->> 'name'), event -> 'aggregate', types -> 'aggregate'),
    :BUS.misfit(format('%s.changes', event ->> 'name'), event -> 'changes', types -> 'changes'),
    :BUS.misfit(format('%s.initialData', event ->> 'name'), event -> 'initialData', types -> 'initialData'));
  if reason is not null then
    raise exception '%', reason using errcode = 'EB004', hint = 'Correct "types" or the value: nobody could read the event.';
  end if;
end $$;
`;
