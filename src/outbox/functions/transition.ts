import { DUE_AT } from "./jobs.js";

/** Runs after each change of the states of deliveries. */
export const transition = /* sql */ `
-- Every function that writes states of deliveries calls this once for each of its statements, after the rows are written.
-- The arguments are the deliveries that have ended (delivered, cancelled, dead), and those that are open. An open delivery
-- gets the job for its generation here, unless it is paused: so every open delivery has a job. An end has no effect yet.
-- Publishing and pruning do not call this: publishing adds the jobs itself, and the deliveries of a pruned event have
-- ended before. An end can be reported twice, because a delivery without a row does not show that it was made before.
-- Returns the number of jobs. It has no options of its own, for the same reason as enqueue.
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

-- Records new deliveries of paused subscribers as paused: they get a job when the subscriber is resumed.
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
