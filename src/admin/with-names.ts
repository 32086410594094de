import { explainedAsking } from "../outbox/database-error.js";
import { assertQueryable, type Executor, executorOf, type Queryable } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { checkOptions } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";

/** What a function that works on a database was called with. */
export interface Call {
  /** For messages: `unsubscribe()`. */
  readonly of: string;
  readonly options: DatabaseOptions;
  /** Which options it has beside `database`. */
  readonly known?: readonly string[];
  /** Which conditions it was given, and which ones there are: without one that is misspelt, everything would fit. */
  readonly filter?: { readonly given: object; readonly known: readonly string[] };
}

/**
 * Runs statements on `client`; errors say in our words what they mean.
 *
 * @throws EventBusError `INVALID_OPTION` before that.
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
