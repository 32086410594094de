import { checkNested, invalidOption, type Place, within } from "./check-options.js";

/** The schemas of the tables. */
export interface DatabaseNames {
  /** The PostgreSQL schema of the event bus, which must contain nothing else. Defaults to `"event_bus"`. */
  readonly schema?: string | undefined;
  /** The PostgreSQL schema of graphile-worker. Defaults to `"graphile_worker"`. */
  readonly workerSchema?: string | undefined;
}

/** The option of functions that work on the database. */
export interface DatabaseOptions {
  /** The schemas of the tables. Defaults to `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
}

/** The two schemas, with the defaults filled in. */
export interface ResolvedDatabaseNames {
  readonly schema: string;
  readonly workerSchema: string;
}

/** Checks the names of the two schemas, in options that may also have the `known` ones. */
export function checkDatabaseNames(
  value: unknown,
  known: readonly string[],
  place: Place,
): ResolvedDatabaseNames {
  const ofDatabase = within(place, "database");
  const given = checkNested({ database: value }, "database", ["schema", "workerSchema", ...known], place);
  const { schema: ours = "event_bus", workerSchema: workers = "graphile_worker" } = given;
  const schema = checkSchemaName(ours, "schema", ofDatabase);
  if (/^public$/i.test(schema))
    throw invalidOption(
      "schema",
      schema,
      "a schema of the event bus alone, which migrate creates",
      ofDatabase,
    );
  const workerSchema = checkSchemaName(workers, "workerSchema", ofDatabase);
  if (schema === workerSchema) {
    throw invalidOption("workerSchema", workerSchema, "another schema than that of the events", ofDatabase);
  }
  return { schema, workerSchema };
}

function checkSchemaName(value: unknown, option: string, place: Place): string {
  const isName =
    typeof value === "string" &&
    /^[a-z_][a-z0-9_]{0,62}$/i.test(value) &&
    !/^(pg_.*|information_schema)$/i.test(value);
  if (isName) return value;
  const expected =
    'up to 63 letters, digits and underscores, not beginning with a digit or "pg_", and not "information_schema"';
  throw invalidOption(option, value, expected, place);
}
