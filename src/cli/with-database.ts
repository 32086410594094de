import pg from "pg";

import { isAboutConnecting } from "../delivery/connection-error.js";
import { checkSchema } from "../outbox/check-schema.js";
import { ownExecutor } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { EventBusConfig } from "../registry/define-config.js";
import { firstSettings } from "../worker/connection.js";
import { databaseUrl, describeDatabase, unreachable } from "../worker/database-url.js";
import { OWN_TYPES, readTexts } from "../worker/own-types.js";
import type { CliOptions } from "./cli-options.js";
import { loadConfig } from "./load-config.js";

const CONNECT_MS = 10_000;

/**
 * Connects to the database of the configuration for one command.
 *
 * @throws EventBusError `CONFIG_NOT_LOADED`, `INVALID_OPTION`, `DATABASE_UNREACHABLE`, `SCHEMA_MISSING`, …
 */
export async function withDatabase<T>(
  options: CliOptions,
  work: (client: pg.Client, names: SchemaNames, config: EventBusConfig) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(options.config);
  const url = databaseUrl(config);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "ex-event-bus cli",
    types: OWN_TYPES,
  });
  readTexts(client);
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(firstSettings(client));
  } catch (error) {
    throw unreachable(url, error);
  }
  const names = { schema: config.database.schema, workerSchema: config.database.workerSchema };
  try {
    await checkSchema(ownExecutor(client, false), names, describeDatabase(url));
    return await work(client, names, config);
  } catch (error) {
    // The database can go away or stop answering at any moment.
    throw isAboutConnecting(error) ? unreachable(url, error) : error;
  } finally {
    await client.end();
  }
}
