import type { PoolClient } from "pg";
import { describe, expect, it } from "vitest";
import { checkSchema } from "../../src/outbox/check-schema.js";
import { executorOf } from "../../src/outbox/executor.js";
import { installSchema, schemaScript } from "../../src/outbox/install-schema.js";
import { MIGRATIONS, SCHEMA_VERSION } from "../../src/outbox/migrations.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { catalogOf } from "./catalog.js";
import { event, publish, subscribe } from "./steps.js";

const names = DEFAULT_SCHEMA_NAMES;
const steps = MIGRATIONS.map(({ name }) => name);

/** A database with graphile-worker and nothing of ours. */
async function freshDatabase(): Promise<TestDatabase> {
  const database = await testDatabase();
  await database.pool.query("drop schema event_bus cascade");
  return database;
}

async function connected<T>({ pool }: TestDatabase, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

const migrations = async ({ pool }: TestDatabase) =>
  (await pool.query("select id, name, compatible_with from event_bus.migrations order by id")).rows;

// Comments too are sent to the server, which has to put them into the encoding of the database.
it.each(MIGRATIONS)("$name has no character that some encoding of a database does not have", ({ sql }) => {
  expect(sql).toMatch(/^[\x20-\x7e\n]*$/);
});

describe("installSchema", () => {
  it("installs once, and then has nothing to do", async () => {
    const database = await freshDatabase();
    expect(await connected(database, (client) => installSchema(client, names))).toEqual(steps);
    const catalog = await catalogOf(database.pool, "event_bus");
    const { rows: before } = await database.pool.query("select xmin::text, id from event_bus.migrations");
    expect(await connected(database, (client) => installSchema(client, names))).toEqual([]);
    expect(await catalogOf(database.pool, "event_bus")).toEqual(catalog);
    expect((await database.pool.query("select xmin::text, id from event_bus.migrations")).rows).toEqual(
      before,
    );
    await checkSchema(executorOf(database.pool), names);
  });

  it("passes the strictest checks of PL/pgSQL, where a role or a server has them on", async () => {
    const database = await freshDatabase();
    await connected(database, async (client) => {
      await client.query("set plpgsql.extra_errors = 'all'");
      expect(await installSchema(client, names)).toEqual(steps);
      await client.query("reset plpgsql.extra_errors");
    });
  });

  it("keeps what is stored", async () => {
    const database = await testDatabase();
    await subscribe(database.pool, "E", ["one"]);
    await publish(database.pool, [event("E")]);
    await connected(database, (client) => installSchema(client, names));
    const { rows } = await database.pool.query(
      "select (select count(*)::int from event_bus.events) as events, (select count(*)::int from event_bus.subscriptions) as subscriptions",
    );
    expect(rows).toEqual([{ events: 1, subscriptions: 1 }]);
  });

  it("does its work once when eight processes install at the same moment", async () => {
    const database = await freshDatabase();
    const clients = await Promise.all(Array.from({ length: 8 }, () => database.pool.connect()));
    try {
      const results = await Promise.all(clients.map((client) => installSchema(client, names)));
      expect(results.flat()).toEqual(steps);
    } finally {
      for (const client of clients) client.release();
    }
    expect(await migrations(database)).toEqual(
      MIGRATIONS.map(({ id, name, compatibleWith }) => ({ id, name, compatible_with: compatibleWith })),
    );
    const reference = await testDatabase();
    expect(await catalogOf(database.pool, "event_bus")).toEqual(await catalogOf(reference.pool, "event_bus"));
  });

  it.each([
    [
      "something is in the way",
      "create schema event_bus; create table event_bus.migrations (id integer, name text, compatible_with integer); create table event_bus.deliveries (mine integer)",
      "42P07",
    ],
    [
      "the schema has a table of others",
      "create schema event_bus; create table event_bus.mine ()",
      "INVALID_OPTION",
    ],
    [
      "the schema has migrations of others",
      "create schema event_bus; create table event_bus.migrations (id text primary key)",
      "INVALID_OPTION",
    ],
    [
      "the schema has a function of others",
      "create schema event_bus; create function event_bus.price() returns integer language sql as 'select 1'",
      "INVALID_OPTION",
    ],
    ["graphile-worker is not there", "drop schema graphile_worker cascade", "3F000"],
  ])("leaves nothing behind when %s, and the connection free", async (_, trouble, code) => {
    const database = await freshDatabase();
    await database.pool.query(trouble);
    const before = await catalogOf(database.pool, "event_bus");
    await connected(database, async (client) => {
      await expect(installSchema(client, names)).rejects.toMatchObject({ code });
      const { rows } = await client.query(
        "select pg_current_xact_id_if_assigned() as xid, count(*)::int as locks from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      );
      expect(rows).toEqual([{ xid: null, locks: 0 }]);
    });
    expect(await catalogOf(database.pool, "event_bus")).toEqual(before);
  });

  it("takes a schema that is there and empty", async () => {
    const database = await freshDatabase();
    await database.pool.query("create schema event_bus");
    expect(await connected(database, (client) => installSchema(client, names))).toEqual(steps);
  });

  it("is known to graphile-worker and to Prisma only by its own schema", async () => {
    const database = await freshDatabase();
    const others = () =>
      Promise.all(["public", "graphile_worker"].map((schema) => catalogOf(database.pool, schema)));
    const before = await others();
    await connected(database, (client) => installSchema(client, names));
    expect(await others()).toEqual(before);
  });
});

describe("schemaScript", () => {
  it("executed as a whole, makes the same as installSchema", async () => {
    const database = await freshDatabase();
    await database.pool.query(schemaScript(names));
    const reference = await testDatabase();
    expect(await catalogOf(database.pool, "event_bus")).toEqual(await catalogOf(reference.pool, "event_bus"));
    expect(await migrations(database)).toEqual(await migrations(reference));
    await checkSchema(executorOf(database.pool), names);
    expect(await connected(database, (client) => installSchema(client, names))).toEqual([]);
  });

  it("is one transaction, also for programs that send statement by statement", () => {
    const script = schemaScript(names);
    expect(script).toMatch(/^begin;\nset local search_path = pg_catalog, pg_temp;\n.*pg_advisory_xact_lock/);
    expect(script).toMatch(/\ncommit;\n$/);
    expect(script.match(/^(begin|commit);$/gm)).toEqual(["begin;", "commit;"]);
  });

  it("changes nothing where something is in the way", async () => {
    const database = await testDatabase();
    const catalog = await catalogOf(database.pool, "event_bus");
    await connected(database, async (client) => {
      await expect(client.query(schemaScript(names))).rejects.toMatchObject({ code: "42P07" });
      await client.query("rollback");
    });
    expect(await catalogOf(database.pool, "event_bus")).toEqual(catalog);
    expect((await migrations(database)).length).toBe(SCHEMA_VERSION);
  });
});
