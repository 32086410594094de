import { EventBusError } from "../errors.js";
import { databaseFailure, explainFailure, schemaMissing } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { SCHEMA_VERSION } from "./migrations.js";
import { type SchemaNames, statement } from "./schema-names.js";

const VERSION = statement(
  /* sql */ `select id, compatible_with from :BUS.migrations order by id desc limit 1`,
);

/**
 * Compares the schema in the database with the one that this version of the package needs.
 *
 * @param database a description for messages: `the database "shop" at localhost:5432`. Defaults to `this database`.
 * @throws EventBusError `SCHEMA_MISSING`, `SCHEMA_OUTDATED` or `SCHEMA_TOO_NEW`.
 */
export async function checkSchema(executor: Executor, names: SchemaNames, database?: string): Promise<void> {
  let rows: readonly { readonly id: number; readonly compatible_with: number }[];
  try {
    rows = await readRows(executor, VERSION(names));
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
}
