import { config } from "dotenv";

import { type PostgresOptions, startPostgres } from "../../src/testing/postgres.js";
import { type Databases, databasesOf } from "../../src/testing/postgres-databases.js";

/** The server that tests run on. */
export interface DatabaseServer extends Databases {
  /** Of a role that may create databases. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The server of `DATABASE_URL` (environment or .env); without one, an embedded server with these options. */
export async function databaseServer(options?: PostgresOptions): Promise<DatabaseServer> {
  config({ quiet: true });
  const url = process.env["DATABASE_URL"];
  if (!url) return startPostgres(options);
  return { url, ...databasesOf(url), stop: async () => undefined };
}
