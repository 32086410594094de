import { newPayload, TASK_PREFIX } from "../graphile/job-sql.js";

/** When the first attempt at a new delivery of a subscription `s` is due; null: now. */
export const DUE_AT =
  "case when s.delay_ms > 0 then clock_timestamp() + s.delay_ms * interval '1 millisecond' end";

/** The only place that defines the form of jobs and adds them to graphile-worker. */
export const jobs = /* sql */ `
-- The job for a generation of a delivery: its task, and a payload that identifies the delivery. Its maximum of attempts
-- is never reached, because the delivery counts the attempts. PostgreSQL inlines this function, so it costs no call for
-- each job. It could not inline it if the function had options or used an argument twice.
create or replace function :BUS.job_for(
  subscriber text, priority smallint, "position" bigint, subscription_id integer, generation integer, attempt integer,
  run_at timestamptz
) returns :WORKER.job_spec
language sql stable
return row('${TASK_PREFIX}' || subscriber, ${newPayload("position", "subscription_id", "generation", "attempt")},
           null, run_at, 32767::smallint, null, priority, null):::WORKER.job_spec;

-- graphile-worker calls pg_notify without a schema. If this function is first in the search path, no notification is
-- sent. NOTIFY makes transactions commit one after the other, so it is used only if a worker waits for jobs.
create or replace function :BUS.pg_notify(text, text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$ begin end $$;

create or replace function :BUS.add_jobs_quietly(specs :WORKER.job_spec[]) returns void
language plpgsql set search_path = :BUS, pg_catalog, pg_temp as $$
begin
  perform count(*) from :WORKER.add_jobs(specs => $1);
end $$;

-- Whether a worker of this installation's own worker schema needs a notification to find new jobs.
create or replace function :BUS.is_awaited() returns boolean
language sql stable
return exists (select from :BUS.workers w where w.worker_schema = :WORKER_TEXT and w.awaits_jobs);

-- Adds jobs: "own" to this installation's own worker schema, "others" to those of other applications with one statement
-- for each schema. It has no options, but its callers have those of PLANNED_ONCE: setting options takes longer than
-- adding a single job. Returns the number of jobs, because a caller that assigns the result runs no query for the call.
create or replace function :BUS.enqueue(own :WORKER.job_spec[], others :BUS.foreign_job[]) returns integer
language plpgsql as $$
declare
  is_quiet boolean;
  target text;
begin
  if own is not null then
    is_quiet := not :BUS.is_awaited();
    if not is_quiet then
      -- Jobs that are due later need no notification.
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
      -- add_jobs of that schema runs with the rights of this function's owner.
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
