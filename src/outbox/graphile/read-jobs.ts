import { explained } from "../database-error.js";
import { type Executor, readRows } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { IS_USABLE, isSubscribers, numberAt, PARKED_BY, PAYLOAD_REST, PAYLOAD_START } from "./job-sql.js";

/** graphile-worker's table of jobs. */
export const JOBS_TABLE = "_private_jobs";

// graphile-worker's tables have row-level security. Which rows a policy lets through is known only if it lets all through.
const VISIBLE = statement(/* sql */ `
select coalesce(pg_catalog.count(*) = 2::bigint and pg_catalog.bool_and(pg_catalog.has_table_privilege(t.oid, 'select') and (
         not pg_catalog.row_security_active(t.oid)
         or exists (select from pg_catalog.pg_policies p
                     where p.schemaname = :WORKER_TEXT and p.tablename = t.relname and p.permissive = 'PERMISSIVE'
                       and p.cmd in ('ALL', 'SELECT') and p.qual = 'true'
                       and exists (select from pg_catalog.unnest(p.roles) r(name)
                                    where r.name = 'public' or pg_catalog.pg_has_role(r.name, 'usage')))
        and not exists (select from pg_catalog.pg_policies p
                         where p.schemaname = :WORKER_TEXT and p.tablename = t.relname and p.permissive <> 'PERMISSIVE'))),
       false) as visible
  from pg_catalog.pg_class t join pg_catalog.pg_namespace n on n.oid = t.relnamespace
 where n.nspname = :WORKER_TEXT and t.relname in ('${JOBS_TABLE}', '_private_tasks')`);

/** Whether the role of a connection sees all jobs. To another role, every open delivery looks as if its job were lost. */
export async function seesJobs(executor: Executor, names: SchemaNames): Promise<boolean> {
  const [row] = await explained(names, readRows<{ readonly visible: boolean }>(executor, VISIBLE(names)));
  return row?.visible === true;
}

/** SQL: the start of the payload of the job for a generation of a delivery, as a text that can be compared. */
export function payloadStart(position: string, subscriptionId: string, generation: string): string {
  return `pg_catalog.format('${PAYLOAD_START}', ${position}, ${subscriptionId}, ${generation})`;
}

// Reading the fields of a payload takes ten times as long as comparing its text. Payloads of other forms need it.
const HAS_OUR_FORM = `j.payload::text like '${PAYLOAD_START.replaceAll("%s", "%")}${PAYLOAD_REST} : %'`;

/** SQL: the tasks of all jobs that are running or can run, and the starts of their payloads as {@link payloadStart} makes them. */
export const USABLE_JOBS = /* sql */ `select t.identifier,
         case when ${HAS_OUR_FORM} then pg_catalog.split_part(j.payload::text, '${PAYLOAD_REST}', 1)
              else ${payloadStart(numberAt("j", "p", "bigint", 18), numberAt("j", "s", "integer", 9), numberAt("j", "g", "integer", 9))} end
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where ${IS_USABLE}`;

/** SQL: the ids of the workers that hold jobs of subscribers. */
export const HOLDERS = /* sql */ `select distinct j.locked_by as id
    from :WORKER._private_jobs j join :WORKER._private_tasks t on t.id = j.task_id
   where j.locked_by is not null and j.locked_by <> '${PARKED_BY}' and ${isSubscribers("t.identifier")}`;
