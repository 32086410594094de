import pg from "pg";
import { afterEach, describe, expect, inject, it, onTestFinished } from "vitest";

import { databasesOf } from "../../src/testing/postgres-databases.js";
import { setupPostgres, testDatabase } from "../../src/testing/postgres-setup.js";

const own = inject("server").url;
const VARIABLE = "EX_EVENT_BUS_TEST_DATABASES";

afterEach(() => {
  delete process.env[VARIABLE];
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

const databases = async () => new Set(await query(own, "select datname from pg_database"));

describe("setupPostgres", () => {
  it("makes databases that are copies of what prepare has made, on a server of the caller's", async () => {
    let seen: string | undefined;
    const before = process.env["DATABASE_URL"];
    const teardown = await setupPostgres({
      url: own,
      async prepare(url) {
        seen = process.env["DATABASE_URL"];
        await query(url, "create table kept as select 1 as one");
      },
    });
    expect(process.env["DATABASE_URL"]).toBe(before);
    expect(seen).toContain("ex_event_bus_test_");
    const [a, b] = await Promise.all([testDatabase(), testDatabase()]);
    expect(a.name).not.toBe(b.name);
    await query(a.url, "drop table kept");
    expect(await query(b.url, "select one from kept")).toEqual([1]);
    await a.drop();
    expect(await databases()).not.toContain(a.name);
    expect(await databases()).toContain(b.name);
    await teardown();
    const left = await databases();
    expect([...left].filter((name) => String(name).startsWith(b.name.slice(0, 25)))).toEqual([]);
    await expect(testDatabase()).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE" });
  });

  it("starts a server of its own when there is none", async () => {
    const teardown = await setupPostgres({
      url: "",
      server: { settings: { max_connections: "21" } },
      prepare() {},
    });
    onTestFinished(teardown);
    const { url } = await testDatabase();
    expect(await query(url, "show max_connections")).toEqual(["21"]);
  });

  it("leaves nothing when prepare fails", async () => {
    const before = await databases();
    const failing = setupPostgres({ url: own, prepare: () => Promise.reject(new RangeError("no")) });
    await expect(failing).rejects.toThrow(new RangeError("no"));
    expect([...(await databases())].filter((name) => !before.has(name) && String(name).length < 30)).toEqual(
      [],
    );
    await expect(testDatabase()).rejects.toThrow("call setupPostgres({ prepare }) in the global setup");
  });

  it("says that prepare has left a connection open, and leaves nothing", async () => {
    const before = await databases();
    let ended: Promise<unknown> | undefined;
    const failing = setupPostgres({
      url: own,
      async prepare(connectionString) {
        const client = new pg.Client({ connectionString, application_name: "forgetful" });
        // Dropping the template ends it.
        ended = new Promise<void>((resolve) =>
          client.on("error", () => undefined).on("end", () => resolve()),
        );
        await client.connect();
      },
    });
    await expect(failing).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("has left a connection to the template open (forgetful)"),
    });
    await ended;
    expect([...(await databases())].filter((name) => !before.has(name) && String(name).length < 30)).toEqual(
      [],
    );
  });

  it("ends without those that were made after it", async () => {
    const [first, second] = [
      await setupPostgres({ url: own, prepare() {} }),
      await setupPostgres({ url: own, prepare: (url) => query(url, "create table kept as select 2") }),
    ];
    await first();
    const { url } = await testDatabase();
    expect(await query(url, "table kept")).toEqual([2]);
    await second();
  });

  it.each(["localhost", "mysql://root@localhost/test", 5])("refuses %o as a URL", async (url) => {
    const wrong = setupPostgres({ url: url as never, prepare() {} });
    await expect(wrong).rejects.toThrow("expected a URL that begins with postgres://");
  });

  it("refuses what it does not know, and no prepare", async () => {
    await expect(setupPostgres({} as never)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message:
        "prepare in setupPostgres() is undefined: expected a function that fills the template database",
    });
    const misspelt = { prepare() {}, uri: own } as never;
    await expect(setupPostgres(misspelt)).rejects.toThrow(
      'unknown option "uri" in setupPostgres(): did you mean "url"?',
    );
  });
});

describe("dropDatabases", () => {
  it("drops a database and those named after it, and no others", async () => {
    const { createDatabase, dropDatabases } = databasesOf(own);
    const base = `drop_${process.pid}`;
    for (const name of [base, `${base}_a`, `${base}x`, `${base}%`]) await createDatabase(name);
    await dropDatabases(base);
    const left = await databases();
    expect([base, `${base}_a`, `${base}x`, `${base}%`].map((name) => left.has(name))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    await dropDatabases(`${base}x`);
    await dropDatabases(`${base}%`);
  });
});
