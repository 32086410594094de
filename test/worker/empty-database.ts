import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, inject } from "vitest";

import { databasesOf } from "../../src/testing/postgres-databases.js";

/** An empty database, without the package's schema; the end of the test drops it. */
export interface EmptyDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/** Creates empty databases, and drops them after each test. */
export function emptyDatabases(): () => Promise<EmptyDatabase> {
  const databases = databasesOf(inject("server").url);
  const open: { readonly name: string; readonly pool: pg.Pool }[] = [];
  afterEach(async () => {
    for (const { name, pool } of open.splice(0)) {
      await pool.end();
      await databases.dropDatabase(name);
    }
  });
  return async () => {
    const name = `ex_event_bus_test_${randomUUID()}`;
    const url = await databases.createDatabase(name);
    const pool = new pg.Pool({ connectionString: url });
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    open.push({ name, pool });
    return { url, pool };
  };
}

/** Everything that two schemas consist of, as text. */
export async function describeSchemas(pool: pg.Pool, schemas: readonly string[]): Promise<readonly string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select format('%s.%s.%s %s %s %s', table_schema, table_name, column_name, data_type, is_nullable, column_default) as line
       from information_schema.columns where table_schema = any ($1)
     union all
     select pg_get_functiondef(p.oid) || coalesce(array_to_string(p.proacl, ','), '')
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1)
     union all
     select indexdef from pg_indexes where schemaname = any ($1)
     union all
     select format('%s %s %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
       from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = any ($1)
     order by 1`,
    [schemas],
  );
  return rows.map(({ line }) => line);
}
