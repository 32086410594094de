import { EventBusError } from "../errors.js";
import type { PgQueryable } from "./executor.js";
import { MIGRATIONS, type Migration } from "./migrations.js";
import { type SchemaNames, withSchemas } from "./schema-names.js";

/** Safe to run first by everybody at once: each part does nothing when it is there. */
const PREPARE = /* sql */ `
create schema if not exists :BUS;
create table if not exists :BUS.migrations (
  id integer primary key,
  name text not null,
  compatible_with integer not null,
  applied_at timestamptz not null default pg_catalog.clock_timestamp()
);`;

const IS_THERE = /* sql */ `
select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
 where n.nspname operator(pg_catalog.=) :BUS_TEXT and c.relname operator(pg_catalog.=) 'migrations'`;

/** What others have put elsewhere is not to be taken for PostgreSQL's own: this mostly runs with the rights of an owner. */
const ONLY_CATALOG = "set local search_path = pg_catalog, pg_temp;";

const LOCK = /* sql */ `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('ex-event-bus:migrate:' || :BUS_TEXT::pg_catalog.text, 0::pg_catalog.int8));`;

// Ours is recognized by a column that the `migrations` of others do not have.
const HOLDS_OTHERS = /* sql */ `
select 1 from pg_catalog.pg_namespace n
 where n.nspname operator(pg_catalog.=) :BUS_TEXT
   and not exists (select from pg_catalog.pg_class c
                     join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
                    where c.relnamespace operator(pg_catalog.=) n.oid
                      and c.relname operator(pg_catalog.=) 'migrations'
                      and a.attname operator(pg_catalog.=) 'compatible_with')
   and (exists (select from pg_catalog.pg_class c where c.relnamespace operator(pg_catalog.=) n.oid)
     or exists (select from pg_catalog.pg_proc p where p.pronamespace operator(pg_catalog.=) n.oid))`;

/**
 * Refuses a schema in which others have tables or functions: of all functions in ours, the right to call them is taken
 * from everybody.
 *
 * @throws EventBusError `INVALID_OPTION`
 */
export async function refuseSchemaOfOthers(client: PgQueryable, names: SchemaNames): Promise<void> {
  const { rows } = await client.query(withSchemas(HOLDS_OTHERS, names));
  if (rows.length === 0) return;
  throw new EventBusError(
    "INVALID_OPTION",
    `database.schema in defineConfig() is "${names.schema}", which holds tables or functions that are not those of the ` +
      "event bus; nothing was changed. Expected a schema of the event bus alone: one that is not there yet, or is empty.",
    { value: names.schema, path: "database.schema" },
  );
}

function step(migration: Migration): string {
  return `${migration.sql.trim()}
insert into :BUS.migrations (id, name, compatible_with) values (${migration.id}, '${migration.name}', ${migration.compatibleWith});`;
}

/** The whole schema as one script, for those who review or apply SQL by other means. */
export function schemaScript(names: SchemaNames): string {
  const script = ["begin;", ONLY_CATALOG, LOCK, PREPARE, ...MIGRATIONS.map(step), "commit;"].join("\n");
  return `${withSchemas(script, names)}\n`;
}

/**
 * Brings our own schema up to date, in one transaction of `client`, which must be a single connection.
 * Processes that do so at once wait for each other. Returns the names of the steps that were applied.
 *
 * @throws EventBusError `INVALID_OPTION` when the schema is not ours alone.
 */
export async function installSchema(client: PgQueryable, names: SchemaNames): Promise<readonly string[]> {
  await client.query("begin");
  try {
    await client.query(ONLY_CATALOG);
    await client.query(withSchemas(LOCK, names));
    await refuseSchemaOfOthers(client, names);
    const { rows: there } = await client.query(withSchemas(IS_THERE, names));
    // "if not exists" asks for the right to create all the same, which nothing that is there needs.
    if (there.length === 0) await client.query(withSchemas(PREPARE, names));
    const { rows } = await client.query(withSchemas("select id from :BUS.migrations", names));
    const applied = new Set((rows as { id: number | string }[]).map((row) => Number(row.id)));
    const missing = MIGRATIONS.filter((migration) => !applied.has(migration.id));
    for (const migration of missing) await client.query(withSchemas(step(migration), names));
    await client.query("commit");
    return missing.map((migration) => migration.name);
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
