import { tuneScript } from "../outbox/graphile/tune-worker-tables.js";
import { schemaScript } from "../outbox/install-schema.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { graphileScript } from "./graphile/migrations.js";

/**
 * Everything that `migrate` does in an empty database, as one script: graphile-worker's schema and that of the event bus. For
 * reviews, and for applying SQL by other means. Workers add the subscriptions when they start.
 */
export async function migrationScript(names: SchemaNames): Promise<string> {
  const graphile = await graphileScript(names.workerSchema);
  return `-- graphile-worker\n${graphile}\n\n-- ex-event-bus\n${schemaScript(names)}${tuneScript(names)}`;
}
