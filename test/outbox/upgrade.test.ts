import { randomUUID } from "node:crypto";

import type { PoolClient } from "pg";
import { describe, expect, it } from "vitest";

import { FUNCTIONS } from "../../src/outbox/functions.js";
import { type BusSchema, CURRENT_SCHEMA, installSchema } from "../../src/outbox/install-schema.js";
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from "../../src/outbox/migrations.js";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames } from "../../src/outbox/schema-names.js";
import { laterRefusal } from "../registry/refusal.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { catalogOf } from "./catalog.js";
import { event, jobs, publish, subscribe } from "./steps.js";

const names = DEFAULT_SCHEMA_NAMES;

const second = (compatibleWith = SCHEMA_VERSION): Migration => ({
  id: SCHEMA_VERSION + 1,
  name: "tenants",
  sql: "alter table :BUS.events add column tenant text;",
  compatibleWith,
});

/** What a later version of the package installs. */
function later(parts: Partial<BusSchema> = {}): BusSchema {
  return { migrations: MIGRATIONS, functions: FUNCTIONS, version: "99.0.0", ...parts };
}

const withFunction = (text: string, parts: Partial<BusSchema> = {}) =>
  later({ functions: `${FUNCTIONS}${text}\n`, ...parts });

const ONE = "create or replace function :BUS.tried() returns integer language sql return 1;";

async function install(
  { pool }: TestDatabase,
  target: BusSchema = CURRENT_SCHEMA,
  where: SchemaNames = names,
  force = false,
): Promise<readonly string[]> {
  const client: PoolClient = await pool.connect();
  try {
    return await installSchema(client, where, { target, force });
  } finally {
    client.release();
  }
}

const rowsOf = async ({ pool }: TestDatabase, sql: string, values?: unknown[]) =>
  (await pool.query(sql, values)).rows;
const functionsNamed = (database: TestDatabase, name: string) =>
  rowsOf(
    database,
    `select p.oid, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
            has_function_privilege('public', p.oid, 'execute') as "isPublic"
       from pg_proc p where p.pronamespace = 'event_bus'::regnamespace and p.proname = $1 order by 2`,
    [name],
  );
const installation = (database: TestDatabase) =>
  rowsOf(database, "select worker_schema, package_version, functions_hash from event_bus.installation");

/** Has a role that may call a function, for as long as `work` takes. */
async function withRole(database: TestDatabase, work: (role: string) => Promise<void>): Promise<void> {
  const role = `caller_${randomUUID()}`;
  await database.pool.query(`create role "${role}"`);
  try {
    await work(role);
  } finally {
    await database.pool.query(`drop owned by "${role}"`);
    await database.pool.query(`drop role "${role}"`);
  }
}

describe("a later version", () => {
  it("adds its steps and brings its functions, and keeps what is stored", async () => {
    const database = await testDatabase();
    await subscribe(database.pool, "E", ["one"]);
    await publish(database.pool, [event("E")]);
    const target = withFunction(
      "create or replace function :BUS.tenants() returns bigint language sql stable return (select count(*) from :BUS.events e where e.tenant is null);",
      { migrations: [...MIGRATIONS, second()] },
    );
    expect(await install(database, target)).toEqual(["tenants"]);
    expect(await rowsOf(database, "select event_bus.tenants()::integer as tenants")).toEqual([
      { tenants: 1 },
    ]);
    await publish(database.pool, [event("E")]);
    expect((await jobs(database.pool)).map(({ payload }) => payload.p)).toEqual([1, 2]);
    expect(await install(database, target)).toEqual([]);
  });

  it("changes nothing when one of its functions cannot be made", async () => {
    const database = await testDatabase();
    const before = await catalogOf(database.pool, "event_bus");
    const target = withFunction(
      "create or replace function :BUS.tried() returns nothing language sql return 1;",
      {
        migrations: [...MIGRATIONS, second()],
      },
    );
    await expect(install(database, target)).rejects.toMatchObject({ code: "42704" });
    expect(await catalogOf(database.pool, "event_bus")).toEqual(before);
  });

  it("is not undone by an earlier one that installs once more", async () => {
    const database = await testDatabase();
    expect(await install(database, withFunction(ONE))).toEqual(["functions"]);
    const [later] = await installation(database);
    expect(later).toMatchObject({ package_version: "99.0.0" });
    expect(await install(database)).toEqual([]);
    expect([await installation(database), (await functionsNamed(database, "tried")).length]).toEqual([
      [later],
      1,
    ]);
  });

  it("leaves the jobs of an installation where its workers look, whoever upgrades it", async () => {
    const database = await testDatabase();
    await subscribe(database.pool, "E", ["one"]);
    await database.pool.query("create schema elsewhere");
    await install(database, withFunction(ONE), { ...names, workerSchema: "elsewhere" });
    expect(await installation(database)).toMatchObject([{ worker_schema: "graphile_worker" }]);
    await publish(database.pool, [event("E")]);
    expect((await jobs(database.pool)).length).toBe(1);
  });
});

describe("functions", () => {
  it("are replaced where they stand, and who may call them stays so", async () => {
    const database = await testDatabase();
    await withRole(database, async (role) => {
      await install(database, withFunction(ONE));
      const before = await functionsNamed(database, "tried");
      expect(before).toMatchObject([{ isPublic: false }]);
      await database.pool.query(`grant execute on function event_bus.tried() to "${role}"`);
      await install(database, withFunction(ONE.replace("return 1", "return 2"), { version: "99.0.1" }));
      expect(await functionsNamed(database, "tried")).toEqual(before);
      expect(
        await rowsOf(
          database,
          "select event_bus.tried() as tried, has_function_privilege($1, 'event_bus.tried()', 'execute') as may",
          [role],
        ),
      ).toEqual([{ tried: 2, may: true }]);
    });
  });

  it("that anybody may call, as somebody has granted, stay so", async () => {
    const database = await testDatabase();
    await install(database, withFunction(ONE));
    await database.pool.query("grant execute on function event_bus.tried() to public");
    await install(database, withFunction(ONE.replace("return 1", "return 2"), { version: "99.0.1" }));
    expect(await functionsNamed(database, "tried")).toMatchObject([{ isPublic: true }]);
  });

  it.each([
    ["another result", ONE.replace("returns integer", "returns bigint"), "event_bus.tried()"],
    ["another argument", ONE.replace("tried()", "tried(n integer default 1)"), "event_bus.tried(integer)"],
  ])("with %s are made anew, and who may call them stays so", async (_, text, signature) => {
    const database = await testDatabase();
    await withRole(database, async (role) => {
      await install(database, withFunction(ONE));
      await database.pool.query(`grant execute on function event_bus.tried() to "${role}" with grant option`);
      await install(database, withFunction(text, { version: "99.0.1" }));
      expect(await functionsNamed(database, "tried")).toMatchObject([{ isPublic: false }]);
      expect(
        await rowsOf(database, "select has_function_privilege($1, $2, 'execute with grant option') as may", [
          role,
          signature,
        ]),
      ).toEqual([{ may: true }]);
    });
  });

  it("with other names of arguments are made anew beside those that stay, triggers included", async () => {
    const database = await testDatabase();
    await install(database, withFunction(ONE.replace("tried()", "tried(a integer)")));
    const [keep] = await functionsNamed(database, "keep_subscription");
    await install(database, withFunction(ONE.replace("tried()", "tried(b integer)"), { version: "99.0.1" }));
    expect(await functionsNamed(database, "tried")).toMatchObject([
      { arguments: "b integer", isPublic: false },
    ]);
    expect(await functionsNamed(database, "keep_subscription")).toEqual([keep]);
    expect((await functionsNamed(database, "publish")).length).toBe(2);
  });

  it("that are not there any more are dropped, but not what others have put beside them", async () => {
    const database = await testDatabase();
    await install(database, withFunction(ONE));
    await database.pool.query("create function event_bus.mine() returns integer language sql return 1");
    await install(database, later({ version: "99.0.1" }));
    expect([
      await functionsNamed(database, "tried"),
      (await functionsNamed(database, "mine")).length,
    ]).toEqual([[], 1]);
  });

  it("that somebody has dropped come back", async () => {
    const database = await testDatabase();
    const before = await catalogOf(database.pool, "event_bus");
    await database.pool.query("drop function event_bus.is_awaited()");
    expect(await install(database)).toEqual(["functions"]);
    expect(await catalogOf(database.pool, "event_bus")).toEqual(before);
  });
});

describe("a step that would break workers that run", () => {
  const breaking = later({ migrations: [...MIGRATIONS, second(SCHEMA_VERSION + 1)] });
  const beat = (
    { pool }: TestDatabase,
    id: string,
    { version = SCHEMA_VERSION, schema = "graphile_worker" } = {},
  ) =>
    pool.query(
      `insert into event_bus.workers (id, name, application, worker_schema, version, schema_version, host, pid, dead_after_ms, heartbeat_at)
       values ($1, $1, 'app', $3, '0.1.0', $2, 'web-1', 42, 600000, clock_timestamp())`,
      [id, version, schema],
    );

  it("is refused as long as they have a heartbeat, whatever their worker schema is, and changes nothing", async () => {
    const database = await testDatabase();
    await beat(database, "first");
    await beat(database, "second", { schema: "gw2" });
    const before = await catalogOf(database.pool, "event_bus");
    expect(await laterRefusal(() => install(database, breaking))).toBe(
      'WORKERS_RUNNING at -: The event bus in schema "event_bus" was not brought up to date, and nothing was changed: workers run ' +
        'that would not work with it any more: "first" (process 42 on web-1, ex-event-bus 0.1.0), "second" (process 42 on ' +
        "web-1, ex-event-bus 0.1.0). Stop them, or wait until those that have died are held for dead, and run it again: npx " +
        "ex-event-bus migrate. With --force it goes ahead, and they fail until they are restarted with this version.",
    );
    expect(await catalogOf(database.pool, "event_bus")).toEqual(before);
  });

  it("goes ahead with force", async () => {
    const database = await testDatabase();
    await beat(database, "first");
    expect(await install(database, breaking, names, true)).toEqual(["tenants"]);
  });

  it("is not held up by those that know it", async () => {
    const database = await testDatabase();
    await beat(database, "newer", { version: SCHEMA_VERSION + 1 });
    expect(await install(database, breaking)).toEqual(["tenants"]);
  });

  it("is not held up by those that were silent for too long", async () => {
    const database = await testDatabase();
    await beat(database, "dead");
    // As long as the server was up: before that nobody could beat.
    await database.pool.query(
      "update event_bus.workers set dead_after_ms = 0, heartbeat_at = pg_postmaster_start_time()",
    );
    expect(await install(database, breaking)).toEqual(["tenants"]);
  });

  it("is the only one that is: others let them go on", async () => {
    const database = await testDatabase();
    await beat(database, "first");
    expect(await install(database, later({ migrations: [...MIGRATIONS, second()] }))).toEqual(["tenants"]);
  });
});
