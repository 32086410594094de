import { explainedAsking } from "../outbox/database-error.js";
import { assertQueryable, type Executor, executorOf, type Queryable } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { checkOptions } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";

/** The call of a function that works on a database. */
export interface Call {
  /** For messages: `unsubscribe()`. */
  readonly of: string;
  readonly options: DatabaseOptions;
  /** The names of its options beside `database`. */
  readonly known?: readonly string[];
  /** The given conditions, and the names of all conditions: a misspelled condition, if ignored, would select everything. */
  readonly filter?: { readonly given: object; readonly known: readonly string[] };
}

/**
 * Checks the options, and runs statements on `client`. Errors of PostgreSQL become errors of this package if it knows their
 * cause.
 *
 * @throws EventBusError `INVALID_OPTION` before the first statement.
 */
export async function withNames<T>(
  client: Queryable,
  { of, options, known = [], filter }: Call,
  work: (executor: Executor, names: SchemaNames) => Promise<T>,
): Promise<T> {
  checkOptions(options, ["database", ...known], { of });
  if (filter !== undefined) checkOptions(filter.given, filter.known, { of, path: "filter" });
  assertQueryable(client, { of });
  const names = checkDatabaseNames(options.database, [], { of });
  return explainedAsking(names, of, work(executorOf(client), names));
}
