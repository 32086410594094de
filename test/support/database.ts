import { randomUUID } from "node:crypto";

import pg from "pg";
import { inject } from "vitest";

import { databasesOf } from "../../src/testing/postgres-databases.js";

/** A database of a test file's own. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** For statements of the test itself. Errors of its idle connections are ignored: servers get restarted. */
  readonly pool: pg.Pool;
  /** Called after the test file by itself. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Databases that the test file has not disposed of yet. */
export const openDatabases = new Set<TestDatabase>();

/**
 * Creates a copy of the template database; the end of the test file drops it.
 *
 * ```ts
 * const { pool, url } = await testDatabase(); // at the top of the test file
 * ```
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = inject("server");
  const databases = databasesOf(server.url);
  const name = `ex_event_bus_test_${randomUUID()}`;
  const url = await databases.createDatabase(name, { template: server.template });
  const pool = new pg.Pool({ connectionString: url, application_name: "test" });
  pool.on("error", () => undefined);
  const database: TestDatabase = {
    url,
    name,
    pool,
    async [Symbol.asyncDispose]() {
      openDatabases.delete(database);
      if (!pool.ended) await pool.end();
      await databases.dropDatabase(name);
    },
  };
  openDatabases.add(database);
  return database;
}
