import { newPayload, TASK_PREFIX } from "../graphile/job-sql.js";

/** When the first attempt at a new delivery of a subscription `s` is due; null: now. */
export const DUE_AT =
  "case when s.delay_ms > 0 then clock_timestamp() + s.delay_ms * interval '1 millisecond' end";

/** Jobs of graphile-worker: what they are is said here, and they are added here, and nowhere else. */
export const jobs = /* sql */ `
-- The job for a generation of a delivery: what graphile-worker calls the task, and where the delivery is found. It never
-- exhausts these jobs: attempts are counted by us. PostgreSQL puts the body into the statement that calls it, so that
-- nothing is called for each job: neither options nor a second use of an argument would let it.
create or replace function :BUS.job_for(
  subscriber text, priority smallint, "position" bigint, subscription_id integer, generation integer, attempt integer,
  run_at timestamptz
) returns :WORKER.job_spec
language sql stable
return row('${TASK_PREFIX}' || subscriber, ${newPayload("position", "subscription_id", "generation", "attempt")},
           null, run_at, 32767::smallint, null, priority, null):::WORKER.job_spec;

-- graphile-worker notifies by a name without a schema. Where this one is found first, nobody is notified: NOTIFY makes
-- the transactions that use it commit one after the other, which is a waste when nobody could take the job sooner.
create or replace function :BUS.pg_notify(text, text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$ begin end $$;

create or replace function :BUS.add_jobs_quietly(specs :WORKER.job_spec[]) returns void
language plpgsql set search_path = :BUS, pg_catalog, pg_temp as $$
begin
  perform count(*) from :WORKER.add_jobs(specs => $1);
end $$;

-- Whether a worker of this installation's own worker schema wants to be told of new jobs.
create or replace function :BUS.is_awaited() returns boolean
language sql stable
return exists (select from :BUS.workers w where w.worker_schema = :WORKER_TEXT and w.awaits_jobs);

-- Adds jobs: those for workers of this installation's own worker schema, and those of other applications by one statement
-- for each of their schemas. It runs with the options of the functions that call it, which have PostgreSQL plan once:
-- setting them takes longer than the rest of what is done here for a single job. Returns how many jobs there are: a function
-- whose result is assigned is called without a query of its own.
create or replace function :BUS.enqueue(own :WORKER.job_spec[], others :BUS.foreign_job[]) returns integer
language plpgsql as $$
declare
  is_quiet boolean;
  target text;
begin
  if own is not null then
    is_quiet := not :BUS.is_awaited();
    if not is_quiet then
      -- Nobody needs to wake up for what is due later.
      is_quiet := not exists (select from unnest(own) j where j.run_at is null or j.run_at <= clock_timestamp());
    end if;
    if is_quiet then
      perform :BUS.add_jobs_quietly(own);
    else
      perform count(*) from :WORKER.add_jobs(specs => own);
    end if;
  end if;
  if others is not null then
    for target in select distinct o.worker_schema from unnest(others) o loop
      -- What it calls there runs with the rights of this function's owner.
      if not exists (select from pg_namespace n
                      where n.nspname = target and n.nspname !~ '^pg_' and pg_has_role(n.nspowner, current_user, 'usage'))
         or exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                     where n.nspname = target and p.proname = 'add_jobs'
                       and not pg_has_role(p.proowner, current_user, 'usage')) then
        raise exception 'the schema "%" of a subscription is not owned by the owner of the event bus', target using errcode = '42501';
      end if;
      execute format(
        'select count(*) from %1$I.add_jobs(specs => array('
        '  select row((o.job).*)::%1$I.job_spec from unnest($1) o where o.worker_schema = $2))', target) using others, target;
    end loop;
  end if;
  return coalesce(cardinality(own), 0) + coalesce(cardinality(others), 0);
end $$;
`;
