import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { PARKED_BY, taskOf } from "./graphile/job-sql.js";
import { checkpointOf, hasNoRecord, isNamed, madeWithoutRow } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

const RIGHTS = statement(/* sql */ `
select current_user::text as role,
       coalesce((select pg_catalog.bool_or(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute'))
                   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                  where n.nspname = :BUS_TEXT and p.proname = 'publish' and p.pronargs = 2), false) as "canPublish"`);

/** The rights of the role of a connection. */
export interface Rights {
  readonly role: string;
  readonly canPublish: boolean;
}

/** The rights of the role of `executor`'s connection. */
export async function findRights(executor: Executor, names: SchemaNames): Promise<Rights> {
  const [row] = await explained(names, readRows<Rights>(executor, RIGHTS(names)));
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
  return explained(names, readRows<SequenceUse>(executor, SEQUENCES(names)));
}

const UNKNOWN_JOBS = statement(/* sql */ `
select j.task_identifier as task, pg_catalog.count(*)::integer as jobs
  from :WORKER.jobs j
 where j.run_at <= pg_catalog.now() and (j.locked_at is null or j.locked_by = '${PARKED_BY}') and j.attempts < j.max_attempts
   and not exists (select from :BUS.subscriptions s
                    where j.task_identifier = ${taskOf("s.subscriber")} and s.worker_schema = :WORKER_TEXT)
 group by 1 order by 1`);

/** Ready jobs that belong to no subscriber. */
export interface UnknownJobs {
  readonly task: string;
  readonly jobs: number;
}

/** Ready jobs of tasks that no subscriber has. Each query for work skips them. */
export function findUnknownJobs(executor: Executor, names: SchemaNames): Promise<readonly UnknownJobs[]> {
  return explained(names, readRows<UnknownJobs>(executor, UNKNOWN_JOBS(names)));
}

// Events are pruned once all their deliveries are done, so events with a delivery that never ends are the oldest in the log.
const OLDEST = 1_000;

const STRAY = statement(/* sql */ `
select f.id as "subscriptionId", e.name as event, pg_catalog.count(*)::integer as deliveries
  from ((select e.position, e.name, e.fanout from :BUS.events e order by e.position limit ${OLDEST})
        union
        (select e.position, e.name, e.fanout from :BUS.events e order by e.position desc limit ${OLDEST})) e
 cross join lateral (
   select u.id from pg_catalog.unnest(e.fanout) u(id)
    where not exists (select from :BUS.subscriptions s where s.id = u.id) offset 0) f
  left join :BUS.deliveries d on d.position = e.position and d.subscription_id = f.id
 where (d.state is null or d.state not in ('delivered', 'cancelled')) and not ${madeWithoutRow("e.position", "f.id")}
 group by 1, 2 order by 1, 2`);

/** Deliveries of a subscription whose row was deleted. */
export interface StrayDeliveries {
  readonly subscriptionId: number;
  readonly event: string;
  readonly deliveries: number;
}

/** Deliveries whose subscriptions do not exist, among the oldest and the newest events. */
export function findStray(executor: Executor, names: SchemaNames): Promise<readonly StrayDeliveries[]> {
  return explained(names, readRows<StrayDeliveries>(executor, STRAY(names)));
}

const FORGOTTEN = statement(/* sql */ `
select s.id as "subscriptionId", s.subscriber, pg_catalog.count(*)::integer as deliveries
  from :BUS.subscriptions s cross join lateral (
    select e.position, e.fanout from :BUS.events e
     where ${isNamed("s.event_name", "0::bigint", `${checkpointOf("s.id")} - 1::bigint`)}
     order by e.name, e.position limit ${OLDEST}) e
 where s.id = any (e.fanout) and ${hasNoRecord("e.position", "s.id")}
 group by 1, 2 order by 1`);

/** Deliveries whose record was deleted. */
export interface ForgottenDeliveries {
  readonly subscriptionId: number;
  readonly subscriber: string;
  readonly deliveries: number;
}

/** Deliveries below the checkpoint without a record, among the oldest events of each subscription. */
export function findForgotten(
  executor: Executor,
  names: SchemaNames,
): Promise<readonly ForgottenDeliveries[]> {
  return explained(names, readRows<ForgottenDeliveries>(executor, FORGOTTEN(names)));
}

const MISSING_FUNCTIONS = statement(/* sql */ `
select f.signature from :BUS.installation i cross join pg_catalog.unnest(i.functions) f(signature)
 where pg_catalog.to_regprocedure(f.signature) is null order by 1`);

/** The functions of the schema that were dropped. */
export async function findMissingFunctions(
  executor: Executor,
  names: SchemaNames,
): Promise<readonly string[]> {
  const rows = readRows<{ readonly signature: string }>(executor, MISSING_FUNCTIONS(names));
  return (await explained(names, rows)).map(({ signature }) => signature);
}
