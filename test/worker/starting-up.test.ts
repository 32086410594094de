import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import pg from "pg";
import { afterAll, expect, it, vi } from "vitest";

import { startPostgres } from "../../src/testing/postgres.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

// A server of its own, which starts and stops. While it is a standby that may not be read, it listens and lets nobody in.
const refusals = { "starting up": 0, "shutting down": 0 };
const server = await startPostgres({
  settings: { hot_standby: "off", wal_level: "replica", log_error_verbosity: "verbose" },
  onLog: (line) => {
    if (line.includes("57P03"))
      refusals[line.includes("shutting down") ? "shutting down" : "starting up"] += 1;
  },
});
afterAll(() => server.stop());
const url = await server.createDatabase("starting");
await migrate({ prisma: {}, subscribers: [], database: { url } });
const pool = new pg.Pool({ connectionString: url });
pool.on("error", () => undefined);
afterAll(() => pool.end());

const { subscriber, options, start, publish, allIn } = await workerFixture({
  url,
  pool,
  name: "starting",
  [Symbol.asyncDispose]: async () => undefined,
});
const one = () => subscriber("one", () => undefined);

// graphile-worker prints what goes wrong while it stops, with a stack.
vi.spyOn(console, "trace").mockImplementation(() => undefined);

const signal = (name: NodeJS.Signals) => {
  const [pid] = readFileSync(join(server.dataDir, "postmaster.pid"), "utf8").split("\n");
  process.kill(Number(pid), name);
};

/** Waits until so many more were told that the server is not there yet, or not any more. */
async function refused(count: number, why: keyof typeof refusals = "starting up"): Promise<void> {
  const before = refusals[why];
  await eventually(() => expect(refusals[why]).toBeGreaterThanOrEqual(before + count));
}

/** Restarts the server. It lets nobody in before `end` is called, which resolves when it does. */
async function startUp(): Promise<{ readonly end: () => Promise<void> }> {
  writeFileSync(join(server.dataDir, "standby.signal"), "", { mode: 0o666 });
  const restarted = server.restart("fast");
  // The start itself asks whether it has come far enough.
  await refused(1);
  return {
    async end() {
      // As `pg_ctl promote` does.
      writeFileSync(join(server.dataDir, "promote"), "", { mode: 0o666 });
      signal("SIGUSR1");
      await restarted;
    },
  };
}

it("a server that starts up is waited for by a worker that starts", async () => {
  const { end } = await startUp();
  const started = Promise.allSettled([start([one()]), runOnce(options([one()]))]);
  try {
    await refused(100);
  } finally {
    await end();
  }
  const [worker, once] = await started;
  expect(once).toMatchObject({ status: "fulfilled" });
  expect(worker.status === "fulfilled" ? worker.value.of("recover:start") : worker.reason).toEqual([]);
  await publish(3);
  await allIn("delivered", 3);
});

it("a server that starts up is waited for by a worker that runs", async () => {
  const { worker, of } = await start([one()]);
  await publish(3);
  await allIn("delivered", 3);
  const { end } = await startUp();
  await refused(100);
  await end();
  await publish(3);
  await allIn("delivered", 6);
  expect(of("recover:start")).toHaveLength(1);
  expect(of("recover:stop")).toHaveLength(1);
  expect(of("worker:error")).toEqual([]);
  await worker.stop();
});

it("migrate says of a server that starts up that the database does not answer", async () => {
  const { end } = await startUp();
  const error = await migrate(options([one()])).catch((reason: unknown) => reason);
  await end();
  expect(error).toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringMatching(
      / does not answer: the database system is (starting up|not (yet )?accepting connections)\./,
    ),
    cause: { code: "57P03" },
  });
});

it("a server that shuts down is waited for, until it is gone", async () => {
  const session = await pool.connect();
  session.on("error", () => undefined);
  // It lets nobody in any more, and goes when the last session has ended.
  signal("SIGTERM");
  const failed = start([one()]).catch((reason: unknown) => reason);
  try {
    await refused(2, "shutting down");
    expect(await Promise.race([failed, Promise.resolve("waits")])).toBe("waits");
  } finally {
    session.release(true);
    await server.restart("fast");
  }
  // Whether it was asked for in the moment when nobody listened is a matter of chance.
  const outcome = await failed;
  if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "DATABASE_UNREACHABLE" });
  await start([one()]);
  await publish();
  await allIn("delivered", 1);
});
