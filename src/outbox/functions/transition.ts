import { DUE_AT } from "./jobs.js";

/** What follows when deliveries have moved from one state to another. */
export const transition = /* sql */ `
-- Told by every function that writes the state of deliveries, once for each of its statements, after the rows are written:
-- which have ended (delivered, cancelled, dead), and which are open, and how. An open one gets the job for its generation
-- here, unless it is held back: so wherever a delivery is open, there is one. Nothing follows from an end yet.
-- A delivery that was published is no transition: its job is made with it. Nor is an event that is pruned: what went out
-- from it has ended before. The same end can be told twice: of what left no row nobody knows whether it was made before.
-- Returns how many jobs there are. It has no options of its own, see enqueue.
create or replace function :BUS.after_transition(ended_positions bigint[], ended_subscriptions integer[], opened :BUS.opened[])
returns integer language plpgsql as $$
declare
  own :WORKER.job_spec[];
  others :BUS.foreign_job[];
begin
  if opened is null then
    return 0;
  end if;
  select array_agg(o.job order by o.n) filter (where o.worker_schema = :WORKER_TEXT),
         array_agg(row(o.worker_schema, o.job):::BUS.foreign_job order by o.n) filter (where o.worker_schema <> :WORKER_TEXT)
    into own, others
    from (select o.n, s.worker_schema,
                 :BUS.job_for(s.subscriber, s.priority, o.position, o.subscription_id, o.generation, o.attempt, o.run_at) as job
            from unnest(opened) with ordinality o(position, subscription_id, state, generation, attempt, run_at, n)
            join :BUS.subscriptions s on s.id = o.subscription_id
           where o.state <> 'paused') o;
  return :BUS.enqueue(own, others);
end $$;

-- Holds back new deliveries, whose subscribers are paused: they have no job until somebody resumes them.
create or replace function :BUS.hold(positions bigint[], subscriptions integer[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  opened :BUS.opened[];
begin
  with held as (
    insert into :BUS.deliveries as d (position, subscription_id, state, generation, attempt, due_at)
    select h.p, s.id, 'paused', 1, 0, ${DUE_AT}
      from unnest(positions, subscriptions) h(p, s) join :BUS.subscriptions s on s.id = h.s
    returning d.position, d.subscription_id, d.state, d.generation, d.attempt, d.due_at
  )
  select array_agg(row(h.*):::BUS.opened order by h.position, h.subscription_id) into opened from held h;
  perform :BUS.after_transition(null, null, opened);
end $$;
`;
