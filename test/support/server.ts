import { config } from "dotenv";

import { startPostgres } from "../../src/testing/postgres.js";
import { type Databases, databasesOf } from "../../src/testing/postgres-databases.js";

/** The server that tests run on. */
export interface DatabaseServer extends Databases {
  /** Of a role that may create databases. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The server of `DATABASE_URL` (environment or .env); without one, an embedded server. */
export async function databaseServer(): Promise<DatabaseServer> {
  config({ quiet: true });
  const url = process.env["DATABASE_URL"];
  if (!url) return startPostgres();
  return { url, ...databasesOf(url), stop: async () => undefined };
}
