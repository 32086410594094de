import { Client } from "pg";
import { expect, it } from "vitest";

import { installSchema } from "../../src/outbox/install-schema.js";
import { lockMigrations } from "../../src/outbox/lock-migrations.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { waitForLock } from "../../src/outbox/wait-for-lock.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";

const { pool, url } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;

const waiting = async () =>
  (
    await pool.query(
      `select from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`,
    )
  ).rows.length;

it.each([
  ["installSchema", "migrate:event_bus", (client: Client) => installSchema(client, names)],
  [
    "lockMigrations",
    "migrate-worker:graphile_worker",
    (client: Client) => lockMigrations(client, names).then((unlock) => unlock()),
  ],
])(
  "%s waits for another process that migrates, also if the role has a lock_timeout",
  async (_, key, work) => {
    const impatient = new Client({ connectionString: url, options: "-c lock_timeout=1ms" });
    await impatient.connect();
    const other = await pool.connect();
    try {
      await other.query("begin");
      await other.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`ex-event-bus:${key}`]);
      const done = work(impatient);
      await Promise.race([done, eventually(async () => expect(await waiting()).toBe(1))]);
      // The role's limit is over by then: it is far shorter than asking the server once more.
      expect(await waiting()).toBe(1);
      await other.query("commit");
      await done;
      await impatient.query("begin");
      await impatient.query(waitForLock("'another'"));
      expect((await impatient.query("show lock_timeout")).rows).toEqual([{ lock_timeout: "1ms" }]);
    } finally {
      other.release();
      await impatient.end();
    }
  },
);
