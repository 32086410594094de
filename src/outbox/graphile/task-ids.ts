import type { Executor } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";
import { taskOf } from "./job-sql.js";

const TASKS = statement(/* sql */ `
select t.id::text from :WORKER._private_tasks t
 where t.identifier = any (array(select ${taskOf("n.subscriber")} from pg_catalog.unnest($1::text[]) n(subscriber)))`);

/** graphile-worker's ids of the tasks of subscribers, as far as it knows them. */
export async function findTaskIds(
  executor: Executor,
  names: SchemaNames,
  subscribers: readonly string[],
): Promise<readonly string[]> {
  const rows = await executor.query<{ readonly id: string }>(TASKS(names), [subscribers]);
  return rows.map(({ id }) => id);
}
