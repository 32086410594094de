import { explainFailure } from "../outbox/database-error.js";
import { type Executor, executorOf, type Queryable } from "../outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames } from "../outbox/schema-names.js";
import type { DatabaseOptions } from "../registry/database-names.js";

/** Runs statements on `client`; errors say in our words what they mean. */
export async function withNames<T>(
  client: Queryable,
  options: DatabaseOptions,
  work: (executor: Executor, names: SchemaNames) => Promise<T>,
): Promise<T> {
  const names: SchemaNames = {
    schema: options.database?.schema ?? DEFAULT_SCHEMA_NAMES.schema,
    workerSchema: options.database?.workerSchema ?? DEFAULT_SCHEMA_NAMES.workerSchema,
  };
  try {
    return await work(executorOf(client), names);
  } catch (error) {
    throw explainFailure(error, names);
  }
}
