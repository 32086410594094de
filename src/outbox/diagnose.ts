import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

const RIGHTS = statement(/* sql */ `
select current_user::text as role,
       coalesce((select pg_catalog.bool_or(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute'))
                   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                  where n.nspname = :BUS_TEXT and p.proname = 'publish' and p.pronargs = 2), false) as "canPublish"`);

/** What the role of a connection may do. */
export interface Rights {
  readonly role: string;
  readonly canPublish: boolean;
}

/** What the role of `executor`'s connection may do. */
export async function findRights(executor: Executor, names: SchemaNames): Promise<Rights> {
  const [row] = await explained(names, executor.query<Rights>(RIGHTS(names)));
  return row ?? { role: "", canPublish: false };
}

const SEQUENCES = statement(/* sql */ `
select s.sequencename::text as name, (s.last_value::float8 / s.max_value::float8)::float8 as used
  from pg_catalog.pg_sequences s where s.schemaname = :WORKER_TEXT and s.last_value is not null order by 1`);

/** How much of a sequence's numbers is used up, 0 to 1. */
export interface SequenceUse {
  readonly name: string;
  readonly used: number;
}

/** The sequences of graphile-worker: some of them have 32 bits. */
export function findSequenceUse(executor: Executor, names: SchemaNames): Promise<readonly SequenceUse[]> {
  return explained(names, executor.query<SequenceUse>(SEQUENCES(names)));
}

const UNKNOWN_JOBS = statement(/* sql */ `
select j.task_identifier as task, pg_catalog.count(*)::integer as jobs
  from :WORKER.jobs j
 where j.run_at <= pg_catalog.now() and j.locked_at is null and j.attempts < j.max_attempts
   and not exists (select from :BUS.subscriptions s
                    where j.task_identifier = 'event_bus:' || s.subscriber and s.worker_schema = :WORKER_TEXT)
 group by 1 order by 1`);

/** Jobs that could be run and belong to no subscriber. */
export interface UnknownJobs {
  readonly task: string;
  readonly jobs: number;
}

/** Ready jobs of tasks that no subscriber has: each look for work goes over them. */
export function findUnknownJobs(executor: Executor, names: SchemaNames): Promise<readonly UnknownJobs[]> {
  return explained(names, executor.query<UnknownJobs>(UNKNOWN_JOBS(names)));
}
