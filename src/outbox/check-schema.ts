import { EventBusError } from "../errors.js";
import { isNewerVersion } from "./compare-versions.js";
import { databaseFailure, explained, explainFailure, schemaMissing } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { FUNCTIONS, hashOf } from "./functions.js";
import { SCHEMA_VERSION } from "./migrations.js";
import { VERSION } from "./package-version.js";
import { type SchemaNames, statement } from "./schema-names.js";

const INSTALLED = statement(/* sql */ `
select id, compatible_with,
       coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(pg_catalog.format('%I.installation', :BUS_TEXT)), 'select'),
                false) as "knowsFunctions"
  from :BUS.migrations order by id desc limit 1`);

const FUNCTIONS_OF = statement(
  /* sql */ `select package_version as version, functions_hash as hash from :BUS.installation`,
);

interface InstalledVersion {
  readonly id: number;
  readonly compatible_with: number;
  readonly knowsFunctions: boolean;
}

/**
 * Compares the schema in the database with the one that this version of the package needs: its migrations and, where the role
 * may read which ones they are, its functions.
 *
 * @param database a description for messages: `the database "shop" at localhost:5432`. Defaults to `this database`.
 * @throws EventBusError `SCHEMA_MISSING`, `SCHEMA_OUTDATED` or `SCHEMA_TOO_NEW`.
 */
export async function checkSchema(executor: Executor, names: SchemaNames, database?: string): Promise<void> {
  let rows: readonly InstalledVersion[];
  try {
    rows = await readRows(executor, INSTALLED(names));
  } catch (error) {
    const state = databaseFailure(error)?.state;
    if (state === "3F000" || state === "42P01") throw schemaMissing(names, error, database);
    throw explainFailure(error, names);
  }
  const [installed] = rows;
  if (installed === undefined) throw schemaMissing(names, undefined, database);
  if (installed.id < SCHEMA_VERSION) {
    throw new EventBusError(
      "SCHEMA_OUTDATED",
      `The event bus in schema "${names.schema}" has version ${installed.id}; this version of ex-event-bus needs ` +
        `${SCHEMA_VERSION}. Run: npx ex-event-bus migrate`,
      { value: installed.id },
    );
  }
  if (installed.compatible_with > SCHEMA_VERSION) {
    throw new EventBusError(
      "SCHEMA_TOO_NEW",
      `The event bus in schema "${names.schema}" has version ${installed.id}, which needs programs that know version ` +
        `${installed.compatible_with}; this version of ex-event-bus knows ${SCHEMA_VERSION}. Upgrade ex-event-bus.`,
      { value: installed.id },
    );
  }
  if (installed.id === SCHEMA_VERSION && installed.knowsFunctions) await checkFunctions(executor, names);
}

/** Functions of a newer version know the programs of this one. */
async function checkFunctions(executor: Executor, names: SchemaNames): Promise<void> {
  const [made] = await explained(
    names,
    readRows<{ readonly version: string; readonly hash: string }>(executor, FUNCTIONS_OF(names)),
  );
  if (made === undefined || made.hash === hashOf(FUNCTIONS) || isNewerVersion(made.version, VERSION)) return;
  throw new EventBusError(
    "SCHEMA_OUTDATED",
    `The functions of the event bus in schema "${names.schema}" are those of ex-event-bus ${made.version}; this version, ` +
      `${VERSION}, has others. Run: npx ex-event-bus migrate`,
    { value: made.version },
  );
}
