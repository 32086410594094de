import { describe, expect, it } from "vitest";

import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { eventually } from "../support/eventually.js";
import { emptyDatabases } from "./empty-database.js";
import { Ping } from "./ping.js";
import { terminateWorkers, workerFixture } from "./worker-fixture.js";

const emptyDatabase = emptyDatabases();
const { url, pool, options, subscriber, start, allIn } = await workerFixture();
const one = subscriber("one", () => undefined);
const nowhere = "postgresql://user:secret@127.0.0.1:1/nowhere";

describe.each([
  ["runWorker", runWorker],
  ["runOnce", runOnce],
] as const)("%s", (_, run) => {
  it("refuses wrong options before it connects", async () => {
    const database = { url: nowhere };
    await expect(run(options([one], { database, worker: { concurrency: 0 } }))).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: "worker.concurrency",
    });
    await expect(run(options([one, one], { database }))).rejects.toMatchObject({ code: "DUPLICATE_NAME" });
    await expect(run(options([], { database }))).rejects.toThrow("expected at least one");
  });

  it("refuses to start without a database to connect to", async () => {
    const before = process.env["DATABASE_URL"];
    delete process.env["DATABASE_URL"];
    try {
      await expect(run(options([one], { database: {} }))).rejects.toThrow(
        "There is no database: database.url is not given and DATABASE_URL is not set.",
      );
    } finally {
      if (before !== undefined) process.env["DATABASE_URL"] = before;
    }
  });

  it("says which database does not answer, and not with which password", async () => {
    const error = await run(options([one], { database: { url: nowhere } })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message:
        'The database "nowhere" at 127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1. Check database.url or ' +
        "DATABASE_URL, and that the server runs.",
    });
  });

  it("says so when the database does not exist", async () => {
    const missing = new URL(url);
    missing.pathname = "/not_there";
    await expect(run(options([one], { database: { url: missing.href } }))).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining('database "not_there" does not exist'),
    });
  });

  it("says so when it is not let in for a reason of the server's own", async () => {
    const database = { url: `${url}?options=${encodeURIComponent("-c no_such_setting=1")}` };
    await expect(run(options([one], { database }))).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining('unrecognized configuration parameter "no_such_setting"'),
    });
  });

  it("refuses a database without the schema", async () => {
    const { url: empty } = await emptyDatabase();
    const { host, pathname } = new URL(empty);
    await expect(run(options([one], { database: { url: empty } }))).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
      message: expect.stringMatching(
        `of the database "${pathname.slice(1)}" at ${host} .* Run: npx ex-event-bus migrate`,
      ),
    });
  });

  it("refuses a schema that is newer than it knows", async () => {
    const { url: newer, pool: newerPool } = await emptyDatabase();
    await migrate({ prisma: {}, subscribers: [], database: { url: newer } });
    await newerPool.query(
      "insert into event_bus.migrations (id, name, compatible_with) values (99, 'future', 99)",
    );
    await expect(run(options([one], { database: { url: newer } }))).rejects.toMatchObject({
      code: "SCHEMA_TOO_NEW",
      message: expect.stringContaining("Upgrade ex-event-bus"),
    });
  });

  it("refuses a subscriber that another application has", async () => {
    await start([one], { application: "billing" });
    await expect(run(options([one], { application: "shipping" }))).rejects.toMatchObject({
      code: "SUBSCRIBER_TAKEN",
      message: expect.stringContaining('"one" belongs to the application "billing"'),
    });
  });
});

const run = (database: string) => runWorker(options([one], { database: { url: database } }));

describe("a worker that runs", () => {
  it("ends when the schema becomes newer than it knows, and says why", async () => {
    const { url: upgraded, pool: upgradedPool } = await emptyDatabase();
    await migrate({ prisma: {}, subscribers: [], database: { url: upgraded } });
    const { worker, of } = await start([one], { database: { url: upgraded } });
    await upgradedPool.query(
      "insert into event_bus.migrations (id, name, compatible_with) values (99, 'future', 99)",
    );
    await terminateWorkers(upgradedPool);
    await expect(worker.finished).rejects.toMatchObject({ code: "SCHEMA_TOO_NEW" });
    expect(of("worker:error")).toMatchObject([{ error: { code: "SCHEMA_TOO_NEW" } }]);
    expect(of("worker:stop")).toHaveLength(1);
  });

  it("ends when graphile-worker's schema becomes newer than it knows", async () => {
    const { url: upgraded, pool: upgradedPool } = await emptyDatabase();
    await migrate({ prisma: {}, subscribers: [], database: { url: upgraded } });
    const { worker } = await start([one], { database: { url: upgraded } });
    await upgradedPool.query("insert into graphile_worker.migrations (id, breaking) values (1000, true)");
    // As graphile-worker's own migrations do.
    await upgradedPool.query(
      `select pg_notify('worker:migrate', '{"migrationNumber":1000,"breaking":true}')`,
    );
    await expect(worker.finished).rejects.toMatchObject({
      code: "SCHEMA_TOO_NEW",
      message: expect.stringContaining("Upgrade graphile-worker."),
    });
    // It has set it, for this process too.
    process.exitCode = undefined;
    await expect(run(upgraded)).rejects.toMatchObject({ code: "SCHEMA_TOO_NEW" });
    process.exitCode = undefined;
  });

  it("goes on when graphile-worker could not look up its tasks at first", async () => {
    // It keeps the failure for as long as it runs, and says nothing.
    const first = await start([one]);
    await first.worker.stop();
    await pool.query("alter table graphile_worker._private_tasks rename to hidden");
    const { of } = await start([one]);
    await eventually(() => expect(of("recover:start")).toHaveLength(1));
    await pool.query("alter table graphile_worker.hidden rename to _private_tasks");
    await pool.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n":1}')`);
    await allIn("delivered", 1);
  });

  it("is not disturbed by a failing report or logger", async () => {
    const seen: number[] = [];
    const fails = () => {
      throw new Error("the log is full");
    };
    const reporting = defineSubscriber({
      name: "reporting",
      events: [Ping],
      handle: (event) => void seen.push(event.aggregate.n),
    });
    const worker = await runWorker(options([reporting], { report: fails }));
    await pool.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n":1}')`);
    await eventually(() => expect(seen).toEqual([1]));
    await worker.stop();
  });
});
