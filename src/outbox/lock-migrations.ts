import type { PgQueryable } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

const LOCK = statement(
  /* sql */ `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('ex-event-bus:migrate-worker:' || :WORKER_TEXT::pg_catalog.text, 0::pg_catalog.int8))`,
);

/**
 * Makes processes that migrate at once wait for each other, in a transaction of `client`, which must be a single
 * connection. Returns what ends it.
 */
export async function lockMigrations(client: PgQueryable, names: SchemaNames): Promise<() => Promise<void>> {
  await client.query("begin");
  await client.query(LOCK(names));
  return async () => {
    await client.query("commit");
  };
}
