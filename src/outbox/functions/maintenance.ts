import { LAST_SIGN } from "../last-sign.js";
import { hasNoRecord, isNamed } from "../open-deliveries.js";

/** What workers do from time to time, one of them for all. */
export const maintenance = /* sql */ `
-- Whether it is the caller's turn to do something that is to be done once in so many milliseconds by somebody.
create or replace function :BUS.take_turn(task text, every_ms double precision) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Nearly always it is not, and then nothing is written. What was done in the future was done before the server's clock
  -- was put back: nobody knows how long ago.
  if exists (select from :BUS.maintenance m
              where m.name = task and m.done_at > clock_timestamp() - every_ms * interval '1 millisecond'
                and m.done_at <= clock_timestamp()) then
    return false;
  end if;
  insert into :BUS.maintenance as m (name, done_at) values (task, clock_timestamp())
  on conflict (name) do update set done_at = excluded.done_at
    where m.done_at <= clock_timestamp() - every_ms * interval '1 millisecond' or m.done_at > clock_timestamp();
  return found;
end $$;

-- Up to where the log is final. Positions are drawn before transactions commit, so that a lower one can appear after a
-- higher one was seen. A transaction that drew a position has an id that was given out before; once all transactions
-- that are older than the caller's own are over, nothing can be added up to what had been drawn before the caller's
-- began. Moved on only in a transaction that has done nothing yet: only then its own id is newer than what was drawn.
-- Read the log by a statement that comes after this one.
create or replace function :BUS.advance_watermark() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  last_drawn constant bigint := coalesce(pg_sequence_last_value(
    pg_get_serial_sequence(format('%I.events', :BUS_TEXT), 'position')::regclass), 0);
  own_xid xid8;
  oldest xid8;
begin
  if pg_is_in_recovery() or current_setting('transaction_read_only')::boolean
     or current_setting('transaction_isolation') <> 'read committed' or pg_current_xact_id_if_assigned() is not null then
    return (select w.position from :BUS.watermark w);
  end if;
  -- Somebody may have deleted its row: then nothing is known to be final, which is where it begins.
  if not exists (select from :BUS.watermark w) then
    insert into :BUS.watermark default values on conflict do nothing;
  end if;
  -- Held by somebody else who moves it on.
  perform from :BUS.watermark w for update skip locked;
  if not found then
    return (select w.position from :BUS.watermark w);
  end if;
  own_xid := pg_current_xact_id();
  -- An xid that is still to come is that of another cluster, from which this was restored; a position that is still to
  -- come is that of a log that was emptied. From now on again, then.
  update :BUS.watermark w
     set position = case when w.position > last_drawn then 0 else w.position end, drawn = last_drawn, xid = own_xid
   where w.xid > own_xid or w.position > last_drawn;
  oldest := pg_snapshot_xmin(pg_current_snapshot());
  update :BUS.watermark w
     set position = case when own_xid <= oldest then last_drawn when w.xid <= oldest then greatest(w.position, w.drawn) else w.position end,
         drawn = case when w.xid <= oldest then last_drawn else w.drawn end,
         xid = case when w.xid <= oldest then own_xid else w.xid end
   where w.position < last_drawn;
  return (select w.position from :BUS.watermark w);
end $$;

-- Moves the checkpoints up, by at most so many events for each subscription.
create or replace function :BUS.advance_checkpoints(most integer default 10000) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  final constant bigint := :BUS.advance_watermark();
  one record;
  seen integer;
  last bigint;
  reached bigint;
begin
  for one in
    select s.id, s.event_name, coalesce(c.position, 0) as reached_before
      from :BUS.subscriptions s left join :BUS.checkpoints c on c.subscription_id = s.id
     where coalesce(c.position, 0) <= final
     order by s.id
  loop
    -- How far is looked is settled first: of what is pruned meanwhile nothing waits, and nothing is added up to there.
    select count(*), max(w.position) into seen, last from (
      select e.position from :BUS.events e
       where ${isNamed("one.event_name", "one.reached_before", "final")}
       order by e.name, e.position limit most) w;
    last := case when seen < most then final else last end;
    -- Up to the first one that waits; else to the end of what was looked at.
    select e.position into reached from :BUS.events e
     where ${isNamed("one.event_name", "one.reached_before", "last")}
       and one.id = any (e.fanout) and ${hasNoRecord("e.position", "one.id")}
     order by e.name, e.position limit 1;
    reached := coalesce(reached, last + 1);
    if reached > one.reached_before then
      insert into :BUS.checkpoints as c (subscription_id, position) values (one.id, reached)
      on conflict (subscription_id) do update set position = excluded.position where c.position < excluded.position;
    end if;
  end loop;
end $$;

-- Removes workers that have been silent for a day: others of their schema would have done so, so that there are none.
-- After four hours graphile-worker itself gives their jobs to whoever comes.
create or replace function :BUS.forget_workers() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from :BUS.workers w
   where ${LAST_SIGN} + w.dead_after_ms::float8 * interval '1 millisecond'
         < clock_timestamp() - interval '1 day'
$$;

-- Notes those who hold our jobs and are no worker that there is: their rows were deleted, or restored away. What they
-- hold is freed when a heartbeat looks for it the next time: a worker that lives has put itself into the table again
-- by then.
create or replace function :BUS.note_unknown_workers(worker_schema text, ids text[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into :BUS.departed as d (id, worker_schema, look_at, died)
  select i, $1, clock_timestamp()
           + greatest(10000, (select max(w.dead_after_ms) from :BUS.workers w)) * interval '1 millisecond', false
    from unnest(ids) i
   where not exists (select from :BUS.workers w where w.id = i)
  on conflict do nothing
$$;
`;
