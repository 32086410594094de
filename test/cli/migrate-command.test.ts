import { describe, expect, it } from "vitest";

import { describeSchemas, emptyDatabases } from "../worker/empty-database.js";
import { buildCli } from "./built-cli.js";

const emptyDatabase = emptyDatabases();
const cli = await buildCli();

describe("migrate", () => {
  it("installs what a worker needs, also when many do it at once, and says what it did", async () => {
    const { url, pool } = await emptyDatabase();
    const env = { DATABASE_URL: url, BUS_SCHEMA: "bus", WORKER_SCHEMA: "bus_worker" };
    const before = await cli(["worker"], { env }).result();
    expect(before).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('"code":"SCHEMA_MISSING"'),
    });

    const migrations = Array.from({ length: 3 }, () => cli(["migrate"], { env }));
    expect(await Promise.all(migrations.map(({ exit }) => exit))).toEqual([0, 0, 0]);
    const messages = migrations.flatMap((migration) => migration.lines());
    expect(messages).toContainEqual(
      expect.objectContaining({
        level: "info",
        message: "The event bus is installed in this database.",
        schema: "bus",
        workerSchema: "bus_worker",
        applied: ["init"],
      }),
    );
    expect(messages.flatMap(({ applied }) => applied)).toEqual(["init"]);
    expect(messages.flatMap(({ subscribers }) => subscribers)).toEqual(["pinged"]);

    const worker = cli(["worker"], { env });
    await worker.line({ message: "The worker is ready." });
    await pool.query(`select bus.publish(name => 'Ping', aggregate => '{"n":1}')`);
    await worker.line({ message: "Delivered." });
    worker.kill("SIGTERM");
    expect(await worker.exit).toBe(0);
  });

  it("says in one line what it did", async () => {
    const { url, pool } = await emptyDatabase();
    const messages = async () => {
      const migrated = cli(["migrate"], { env: { DATABASE_URL: url } });
      expect(await migrated.exit).toBe(0);
      return migrated.lines().map(({ message }) => message);
    };
    expect(await messages()).toEqual(["The event bus is installed in this database."]);
    expect(await messages()).toEqual(["The event bus was up to date: there was nothing to do."]);
    await pool.query("update event_bus.subscriptions set ended_at = now()");
    expect(await messages()).toEqual(["The event bus was up to date; its subscribers have changed."]);
  });

  it("prints with --json what it did", async () => {
    const { url, pool } = await emptyDatabase();
    const env = { DATABASE_URL: url };
    const migrated = async () => JSON.parse((await cli(["migrate", "--json"], { env }).result()).stdout);
    expect(await migrated()).toEqual({ applied: ["init"], subscribers: ["pinged"] });
    expect(await migrated()).toEqual({ applied: [], subscribers: [] });
    // Tables that change all the time are vacuumed by the number of dead rows.
    const { rows } = await pool.query(
      `select c.relname, c.reloptions from pg_class c
        where c.relname in ('events', 'deliveries', 'workers', '_private_jobs') order by 1`,
    );
    const hot = ["autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=20000"];
    expect(rows).toEqual([
      { relname: "_private_jobs", reloptions: expect.arrayContaining(hot) },
      { relname: "deliveries", reloptions: expect.arrayContaining(hot) },
      { relname: "events", reloptions: expect.arrayContaining(hot) },
      { relname: "workers", reloptions: expect.arrayContaining(["autovacuum_vacuum_threshold=100"]) },
    ]);
  });

  it("prints with --sql a script that does the same, and connects to nothing", async () => {
    const env = { DATABASE_URL: "postgresql://nobody@127.0.0.1:1/nowhere" };
    const { code, stdout } = await cli(["migrate", "--sql"], { env }).result();
    expect(code).toBe(0);
    const scripted = await emptyDatabase();
    await scripted.pool.query(stdout);
    const migrated = await emptyDatabase();
    expect(await cli(["migrate"], { env: { DATABASE_URL: migrated.url } }).exit).toBe(0);
    const schemas = ["event_bus", "graphile_worker"];
    expect(await describeSchemas(scripted.pool, schemas)).toEqual(
      await describeSchemas(migrated.pool, schemas),
    );
  });
});
