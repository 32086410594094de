import { describe, expect, it } from "vitest";

import { migrate } from "../../src/worker/migrate.js";
import { migrationScript } from "../../src/worker/migration-script.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { eventually } from "../support/eventually.js";
import { describeSchemas, emptyDatabases } from "./empty-database.js";
import { workerFixture } from "./worker-fixture.js";

const emptyDatabase = emptyDatabases();
const { subscriber } = await workerFixture();
const one = subscriber("one", () => undefined);
const optionsFor = (url: string, names: object = {}) => ({
  prisma: {},
  subscribers: [one],
  database: { url, ...names },
  worker: { pollIntervalMs: 100 },
});

describe("migrate", () => {
  it("installs both schemas and subscribes the subscribers, and does nothing the second time", async () => {
    const { url, pool } = await emptyDatabase();
    expect(await migrate(optionsFor(url))).toEqual({ applied: ["init"], subscribers: ["one"] });
    expect(await migrate(optionsFor(url))).toEqual({ applied: [], subscribers: [] });
    // The first event of a fresh system is not lost to everybody.
    const { rows } = await pool.query(
      `select deliveries from event_bus.publish(name => 'Ping', aggregate => '{"n":1}')`,
    );
    expect(rows).toEqual([{ deliveries: 1 }]);
  });

  it("can be called by many at once", async () => {
    const { url, pool } = await emptyDatabase();
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(optionsFor(url))));
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    const { rows } = await pool.query("select name from event_bus.migrations");
    expect(rows).toEqual([{ name: "init" }]);
  });

  it("works while workers run", async () => {
    const { url, pool } = await emptyDatabase();
    await migrate(optionsFor(url));
    await using _ = await runWorker(optionsFor(url));
    await migrate(optionsFor(url));
    await pool.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n":1}')`);
    await eventually(async () => {
      const { rows } = await pool.query("select state from event_bus.deliveries");
      expect(rows).toEqual([{ state: "delivered" }]);
    });
  });

  it("works with other names of the schemas, and a worker on them", async () => {
    const { url, pool } = await emptyDatabase();
    const names = { schema: "Event_Bus2", workerSchema: "Gw2" };
    await migrate(optionsFor(url, names));
    await using _ = await runWorker(optionsFor(url, names));
    await pool.query(`select "Event_Bus2".publish(name => 'Ping', aggregate => '{"n":1}')`);
    await eventually(async () => {
      const { rows } = await pool.query(`select state from "Event_Bus2".deliveries`);
      expect(rows).toEqual([{ state: "delivered" }]);
    });
    const { rows } = await pool.query(
      "select nspname from pg_namespace where nspname ~ 'event_bus|graphile'",
    );
    expect(rows).toEqual([]);
  });

  it("installs two buses beside each other in one database", async () => {
    const { url, pool } = await emptyDatabase();
    await migrate(optionsFor(url));
    await migrate(optionsFor(url, { schema: "second", workerSchema: "second_worker" }));
    await pool.query(`select second.publish(name => 'Ping', aggregate => '{"n":1}')`);
    const { rows } = await pool.query(
      "select (select count(*)::int from event_bus.events) as first, (select count(*)::int from second.events) as second",
    );
    expect(rows).toEqual([{ first: 0, second: 1 }]);
  });
});

describe("migrationScript", () => {
  it.each([
    ["the usual names", { schema: "event_bus", workerSchema: "graphile_worker" }],
    ["names that need quotes", { schema: "Event_Bus2", workerSchema: "Gw2" }],
  ])("makes in an empty database what migrate makes, with %s", async (_, names) => {
    const migrated = await emptyDatabase();
    await migrate(optionsFor(migrated.url, names));
    const scripted = await emptyDatabase();
    await scripted.pool.query(await migrationScript(names));
    const schemas = [names.schema, names.workerSchema];
    const expected = await describeSchemas(migrated.pool, schemas);
    expect(expected.length).toBeGreaterThan(100);
    expect(await describeSchemas(scripted.pool, schemas)).toEqual(expected);
    expect(await migrate(optionsFor(scripted.url, names))).toEqual({ applied: [], subscribers: ["one"] });
  });
});
