import { beforeEach, describe, expect, it } from "vitest";

import { FUNCTIONS } from "../../src/outbox/functions.js";
import { type BusSchema, installSchema } from "../../src/outbox/install-schema.js";
import { MIGRATIONS, SCHEMA_VERSION } from "../../src/outbox/migrations.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli, type CliProcess } from "./built-cli.js";

const { pool, url, publish, allIn } = await workerFixture();
const cli = await buildCli();
/** Starting a process takes its time on a busy machine. */
const PATIENCE_MS = 240_000;
const NEXT = SCHEMA_VERSION + 1;
/** A program that knows the next version of the schema. */
const later = await buildCli((text) =>
  text.replace("const SCHEMA_VERSION = MIGRATIONS.length", `const SCHEMA_VERSION = ${NEXT}`),
);

const start = async (program: typeof cli) => {
  const worker = program(["worker"], { env: { DATABASE_URL: url } });
  await worker.line({ message: "The worker is ready." }, PATIENCE_MS);
  return worker;
};

const WRITTEN = "claim, finished_at)\n  select i.p, i.s, 'delivered', 1, 1, i.c, at";
const next = (compatibleWith: number): BusSchema => ({
  migrations: [
    ...MIGRATIONS,
    { id: NEXT, name: "next", sql: "alter table :BUS.deliveries add column made_by text;", compatibleWith },
  ],
  functions: FUNCTIONS.replace(
    WRITTEN,
    WRITTEN.replace("finished_at)", "finished_at, made_by)").replace(", at", ", at, 'the next version'"),
  ),
  version: "99.0.0",
});

const upgrade = async (target: BusSchema): Promise<readonly string[]> => {
  const client = await pool.connect();
  try {
    return await installSchema(client, DEFAULT_SCHEMA_NAMES, { target });
  } finally {
    client.release();
  }
};

const deliveredBy = (worker: CliProcess) =>
  worker.lines().flatMap(({ message, eventId }) => (message === "Delivered." ? [eventId] : []));
const madeByNext = async () =>
  (await pool.query("select count(*)::integer as n from event_bus.deliveries where made_by is not null"))
    .rows[0].n;

/** As this version installs it. */
beforeEach(async () => {
  await pool.query("drop schema event_bus cascade");
  await upgrade({ migrations: MIGRATIONS, functions: FUNCTIONS, version: "0.1.0" });
});

describe("while workers run", () => {
  it("the next version of the schema is installed, they go on, and everything is delivered once", async () => {
    const workers = [await start(cli), await start(cli)];
    const publishing = (async () => {
      for (let n = 0; n < 20; n++) await publish(10);
    })();
    await eventually(() => expect(workers.flatMap(deliveredBy).length).toBeGreaterThan(10), PATIENCE_MS);
    expect(await upgrade(next(SCHEMA_VERSION))).toEqual(["next"]);
    await publishing;
    await publish(10);
    await allIn("delivered", 210, PATIENCE_MS);
    await eventually(() => expect(new Set(workers.flatMap(deliveredBy)).size).toBe(210), PATIENCE_MS);
    expect(workers.flatMap(deliveredBy).length).toBe(210);
    expect(await madeByNext()).toBeGreaterThanOrEqual(10);
    for (const worker of workers) worker.kill("SIGTERM");
    expect(await Promise.all(workers.map(({ exit }) => exit))).toEqual([0, 0]);
  });

  it("one that would break them is refused; when they are stopped it is installed, and those of the next version go on", async () => {
    const old = await start(cli);
    // However busy the machine is, it is not held for dead.
    const { rows } = await pool.query(
      "update event_bus.workers set dead_after_ms = 600000 returning pid, host",
    );
    await expect(upgrade(next(NEXT))).rejects.toMatchObject({
      code: "WORKERS_RUNNING",
      message: expect.stringContaining(`(process ${rows[0].pid} on ${rows[0].host}, ex-event-bus `),
    });
    await publish(1);
    await allIn("delivered", 1, PATIENCE_MS);
    old.kill("SIGTERM");
    expect(await old.exit).toBe(0);
    await publish(5);
    expect(await upgrade(next(NEXT))).toEqual(["next"]);
    const refused = await cli(["worker"], { env: { DATABASE_URL: url } }).result();
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Upgrade ex-event-bus.") });
    const restarted = await start(later);
    await allIn("delivered", 6, PATIENCE_MS);
    expect(await madeByNext()).toBe(5);
    await eventually(() => expect(deliveredBy(restarted).length).toBe(5), PATIENCE_MS);
  });
});
