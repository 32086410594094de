import type { PgQueryable } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { waitForLock } from "./wait-for-lock.js";

const LOCK = statement(waitForLock("'ex-event-bus:migrate-worker:' || :WORKER_TEXT::pg_catalog.text"));

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
