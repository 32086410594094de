import { EventBusError } from "../errors.js";
import { isNewerVersion } from "./compare-versions.js";
import type { PgQueryable } from "./executor.js";
import { FUNCTIONS, hashOf } from "./functions.js";
import { MIGRATIONS, type Migration } from "./migrations.js";
import { VERSION } from "./package-version.js";
import { refuseRunningWorkers } from "./refuse-running-workers.js";
import { replaceFunctions } from "./replace-functions.js";
import { type SchemaNames, withSchemas } from "./schema-names.js";
import { lockFor, waitForLock } from "./wait-for-lock.js";

/** What a version of the package installs. */
export interface BusSchema {
  readonly migrations: readonly Migration[];
  readonly functions: string;
  /** Of the package. */
  readonly version: string;
}

/** What this version installs. */
export const CURRENT_SCHEMA: BusSchema = { migrations: MIGRATIONS, functions: FUNCTIONS, version: VERSION };

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

const LOCK_KEY = "'ex-event-bus:migrate:' || :BUS_TEXT::pg_catalog.text";

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

/** The signatures of all functions of ours, in a schema that has no others. */
const ALL_FUNCTIONS = /* sql */ `array(
  select p.oid::regprocedure::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where n.nspname = :BUS_TEXT order by 1)`;

function record(workerSchema: string, version: string, hash: string, functions: string): string {
  return `insert into :BUS.installation (worker_schema, package_version, functions_hash, functions)
values (${workerSchema}, ${version}, ${hash}, ${functions})
on conflict (one) do update set package_version = excluded.package_version, functions_hash = excluded.functions_hash,
  functions = excluded.functions;`;
}

/** The whole schema as one script for an empty database, for those who review or apply SQL by other means. */
export function schemaScript(
  names: SchemaNames,
  { migrations, functions, version }: BusSchema = CURRENT_SCHEMA,
): string {
  const script = [
    ...["begin;", ONLY_CATALOG, lockFor(LOCK_KEY), PREPARE, ...migrations.map(step), functions.trim()],
    "revoke all on all functions in schema :BUS from public;",
    record(":WORKER_TEXT", `'${version}'`, `'${hashOf(functions)}'`, ALL_FUNCTIONS),
    "commit;",
  ].join("\n");
  return `${withSchemas(script, names)}\n`;
}

/** How a schema is installed. */
export interface InstallOptions {
  /** Goes ahead where workers run that would not work with it any more. Defaults to false. */
  readonly force?: boolean;
  /** Defaults to what this version of the package installs. */
  readonly target?: BusSchema;
}

/**
 * Brings our own schema up to date, in one transaction of `client`, which must be a single connection: first the steps that
 * are missing, then the functions, where it has others. It does nothing where a newer version was here before.
 * Processes that do so at once wait for each other. Returns the names of the steps that were applied, or
 * `functions` where it was only them that had changed.
 *
 * @throws EventBusError `INVALID_OPTION` when the schema is not ours alone, `WORKERS_RUNNING`.
 */
export async function installSchema(
  client: PgQueryable,
  names: SchemaNames,
  { force = false, target = CURRENT_SCHEMA }: InstallOptions = {},
): Promise<readonly string[]> {
  await client.query("begin");
  try {
    await client.query(ONLY_CATALOG);
    await client.query(withSchemas(waitForLock(LOCK_KEY), names));
    await refuseSchemaOfOthers(client, names);
    const { rows: there } = await client.query(withSchemas(IS_THERE, names));
    // "if not exists" asks for the right to create all the same, which nothing that is there needs.
    if (there.length === 0) await client.query(withSchemas(PREPARE, names));
    const { rows } = await client.query(withSchemas("select id from :BUS.migrations", names));
    const applied = new Set((rows as { id: number | string }[]).map((row) => Number(row.id)));
    const missing = target.migrations.filter((migration) => !applied.has(migration.id));
    if (applied.size > 0 && missing.length > 0 && !force) await refuseRunningWorkers(client, names, missing);
    const before = applied.size === 0 ? undefined : await readInstallation(client, names);
    // Another application may look for its jobs elsewhere: that is no reason to have this one's publishers write there.
    const installed = before === undefined ? names : { ...names, workerSchema: before.workerSchema };
    for (const migration of missing) await client.query(withSchemas(step(migration), installed));
    const hasOthers = missing.length > 0 || hasOtherFunctions(before, target);
    if (hasOthers) await install(client, installed, target, before);
    await client.query("commit");
    return hasOthers && missing.length === 0 ? ["functions"] : missing.map(({ name }) => name);
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** What was installed before. */
interface Installation {
  readonly workerSchema: string;
  readonly version: string;
  readonly hash: string;
  readonly functions: readonly string[];
  /** Some of them are not there any more. */
  readonly isDamaged: boolean;
}

const INSTALLATION = /* sql */ `
select i.worker_schema as "workerSchema", i.package_version as version, i.functions_hash as hash, i.functions,
       not i.functions <@ ${ALL_FUNCTIONS} as "isDamaged"
  from :BUS.installation i`;

async function readInstallation(client: PgQueryable, names: SchemaNames): Promise<Installation | undefined> {
  const { rows } = await client.query(withSchemas(INSTALLATION, names));
  return (rows as Installation[])[0];
}

/** An older version that is run once more, as by a process that starts late, does not take back what a newer one has changed. */
function hasOtherFunctions(before: Installation | undefined, { functions, version }: BusSchema): boolean {
  if (before === undefined) return true;
  if (isNewerVersion(before.version, version)) return false;
  return before.isDamaged || before.hash !== hashOf(functions);
}

async function install(
  client: PgQueryable,
  names: SchemaNames,
  { functions, version }: BusSchema,
  before: Installation | undefined,
): Promise<void> {
  const made = await replaceFunctions(client, names, functions, before?.functions ?? []);
  await client.query(withSchemas(record("$1", "$2", "$3", "$4::text[]"), names), [
    names.workerSchema,
    version,
    hashOf(functions),
    made,
  ]);
}
