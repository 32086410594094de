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
  applied_at timestamptz not null default clock_timestamp()
);`;

const LOCK = /* sql */ `select pg_advisory_xact_lock(hashtextextended('ex-event-bus:migrate:' || :BUS_TEXT, 0));`;

function step(migration: Migration): string {
  return `${migration.sql.trim()}
insert into :BUS.migrations (id, name, compatible_with) values (${migration.id}, '${migration.name}', ${migration.compatibleWith});`;
}

/** The whole schema as one script, for those who review or apply SQL by other means. */
export function schemaScript(names: SchemaNames): string {
  const script = ["begin;", LOCK, PREPARE, ...MIGRATIONS.map(step), "commit;"].join("\n");
  return `${withSchemas(script, names)}\n`;
}

/**
 * Brings our own schema up to date, in one transaction of `client`, which must be a single connection.
 * Processes that do so at once wait for each other. Returns the names of the steps that were applied.
 */
export async function installSchema(client: PgQueryable, names: SchemaNames): Promise<readonly string[]> {
  await client.query("begin");
  try {
    await client.query(withSchemas(LOCK, names));
    await client.query(withSchemas(PREPARE, names));
    const { rows } = await client.query(withSchemas("select id from :BUS.migrations", names));
    const applied = new Set((rows as { id: number }[]).map((row) => row.id));
    const missing = MIGRATIONS.filter((migration) => !applied.has(migration.id));
    for (const migration of missing) await client.query(withSchemas(step(migration), names));
    await client.query("commit");
    return missing.map((migration) => migration.name);
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
