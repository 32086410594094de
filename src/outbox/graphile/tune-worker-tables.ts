import type { Executor } from "../executor.js";
import { type SchemaNames, statement } from "../schema-names.js";

/**
 * Makes autovacuum start by the number of dead rows, because every job leaves some. By default it waits until a share of the table
 * is dead, which takes long in a table that was large once. Done only if the role owns the table.
 */
const TUNE = statement(/* sql */ `do $$
declare
  jobs constant regclass := pg_catalog.to_regclass(pg_catalog.format('%I._private_jobs', :WORKER_TEXT));
begin
  if exists (select from pg_catalog.pg_class c
              where c.oid = jobs::pg_catalog.oid and pg_catalog.pg_has_role(c.relowner, 'usage')
                and not coalesce(c.reloptions operator(pg_catalog.@>) '{autovacuum_vacuum_threshold=20000}'::text[], false)) then
    execute pg_catalog.format('alter table %s set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)', jobs);
  end if;
end $$`);

/** Sets autovacuum for graphile-worker's tables. Does nothing if the role does not own them. */
export async function tuneWorkerTables(executor: Executor, names: SchemaNames): Promise<void> {
  await executor.query(TUNE(names));
}

/** The same, as a script. */
export function tuneScript(names: SchemaNames): string {
  return `${TUNE(names)};\n`;
}
