import { LAST_ALIVE_AT } from "../alive-workers.js";
import { hasNoRecord, isNamed } from "../open-deliveries.js";

/** Housekeeping: periodic tasks that one worker runs for all. */
export const maintenance = /* sql */ `
-- Starts a task that all workers together run at most once in every_ms milliseconds. True if it was due: then the caller runs
-- it.
create or replace function :BUS.start_if_due(task text, every_ms double precision) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- Mostly the task is not due, and nothing is written. A time in the future means that the server's clock was put back:
  -- how long ago the task ran is unknown, so it is due.
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

-- Advances and returns the watermark: the position up to which the log is final. Positions are drawn before commit, so a
-- lower one can become visible after a higher one. A transaction has its id before it draws a position. Once every
-- transaction that is older than the caller's has ended, no event can appear at a position that was drawn before the
-- caller's transaction began. The watermark advances only if the caller's transaction has no id yet: only then is its id
-- newer than the positions drawn so far. The caller must read the log with a later statement.
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
  -- If the row was deleted, the watermark starts again: nothing is known to be final.
  if not exists (select from :BUS.watermark w) then
    insert into :BUS.watermark default values on conflict do nothing;
  end if;
  -- If the row is locked, another session is advancing the watermark.
  perform from :BUS.watermark w for update skip locked;
  if not found then
    return (select w.position from :BUS.watermark w);
  end if;
  own_xid := pg_current_xact_id();
  -- An xid from the future belongs to another cluster, from which this database was restored. A position from the future
  -- belongs to a log that was emptied. In both cases the watermark starts again.
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

-- Advances each subscription's checkpoint, by at most the given number of events.
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
    -- The range is fixed first. That is safe: events that are pruned meanwhile have no open delivery, and no event can be
    -- added below the watermark.
    select count(*), max(w.position) into seen, last from (
      select e.position from :BUS.events e
       where ${isNamed("one.event_name", "one.reached_before", "final")}
       order by e.name, e.position limit most) w;
    last := case when seen < most then final else last end;
    -- The checkpoint moves to the first delivery without a record, or to the end of the range.
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

-- Removes workers that have been silent for a day. Living workers of their worker schema would have removed them earlier,
-- so there are none. graphile-worker itself frees the jobs after four hours.
create or replace function :BUS.forget_workers() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from :BUS.workers w
   where ${LAST_ALIVE_AT} + w.dead_after_ms::float8 * interval '1 millisecond'
         < clock_timestamp() - interval '1 day'
$$;

-- Records as departed each worker id that holds jobs but has no row in workers, because the row was deleted or a backup
-- was restored. The next heartbeat that is due to look frees the jobs. A worker that is alive has added its row again by
-- then.
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
