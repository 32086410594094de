import type { AddressInfo } from "node:net";
import net from "node:net";
import pg from "pg";
import { afterAll, expect, it } from "vitest";

import { isEventBusError } from "../../src/errors.js";
import { SILENT } from "../../src/log/logger.js";
import { migrate } from "../../src/worker/migrate.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { emptyDatabases } from "./empty-database.js";
import { FAST, gate, workerFixture } from "./worker-fixture.js";

// A server that takes no writes for a while, as in a fail-over, or that goes away while a worker starts.

const database = await testDatabase();
// What the test itself writes is not meant.
const pool = new pg.Pool({ connectionString: database.url, options: "-c default_transaction_read_only=off" });
afterAll(() => pool.end());
const { url, subscriber, start, publish, deliveries, allIn, terminate } = await workerFixture({
  ...database,
  pool,
});
const emptyDatabase = emptyDatabases();

const readOnly = async (isSo: boolean) => {
  await pool.query(
    `alter database "${database.name}" set default_transaction_read_only = ${isSo ? "on" : "off"}`,
  );
  // A session has it from its beginning.
  await terminate();
};

it("keeps the outcomes of handlers that end meanwhile until the server takes them", async () => {
  const open = gate();
  let calls = 0;
  const one = subscriber("one", async () => {
    calls += 1;
    await open.opened;
  });
  const { of } = await start([one], { worker: { concurrency: 5 } });
  await publish(5);
  await eventually(() => expect(calls).toBe(5));
  await readOnly(true);
  open.open();
  await eventually(() => expect(of("recover:start").length).toBeGreaterThan(0));
  expect((await deliveries()).filter(({ state }) => state === "delivered")).toEqual([]);
  await readOnly(false);
  await allIn("delivered", 5);
  expect(calls).toBe(5);
  expect(of("deliver:error")).toEqual([]);
});

it("is told in our words to whoever starts a worker or migrates", async () => {
  const one = subscriber("one", () => undefined);
  const options = { prisma: {}, subscribers: [one], database: { url }, worker: FAST, log: SILENT };
  await readOnly(true);
  try {
    const refused = await runWorker(options).catch((error: unknown) => error);
    expect(isEventBusError(refused, "DATABASE_UNREACHABLE") && refused.message).toMatch(
      /takes no writes: .*read-only/,
    );
    const migrated = await migrate(options).catch((error: unknown) => error);
    expect(isEventBusError(migrated, "DATABASE_UNREACHABLE")).toBe(true);
  } finally {
    await readOnly(false);
  }
});

it("says so when it goes away at any moment of the start", async () => {
  const one = subscriber("one", () => undefined);
  const { hostname, port } = new URL(url);
  for (let allowed = 0; ; allowed++) {
    let connections = 0;
    const sockets = new Set<net.Socket>();
    const proxy = net.createServer((from) => {
      sockets.add(from.on("error", () => undefined));
      connections += 1;
      if (connections > allowed) return from.destroy();
      const to = net.connect(Number(port), hostname).on("error", () => from.destroy());
      from.pipe(to).pipe(from);
      from.on("close", () => to.destroy());
      return undefined;
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, "127.0.0.1", resolve);
    });
    const through = new URL(url);
    through.hostname = "127.0.0.1";
    through.port = String((proxy.address() as AddressInfo).port);
    const options = {
      prisma: {},
      subscribers: [one],
      database: { url: through.href },
      worker: FAST,
      log: SILENT,
    };
    const started = await runWorker(options).catch((error: unknown) => error);
    const isStarted = typeof started === "object" && started !== null && "stop" in started;
    if (isStarted) await (started as Awaited<ReturnType<typeof runWorker>>).stop();
    for (const socket of sockets) socket.destroy();
    proxy.close();
    if (isStarted) return expect(allowed).toBeGreaterThan(2);
    expect(started, `${allowed} connections`).toMatchObject({ code: "DATABASE_UNREACHABLE" });
  }
});

it("is migrated by a role that may create nothing, when there is nothing to do", async () => {
  const { url: own, pool: owner } = await emptyDatabase();
  const one = subscriber("one", () => undefined);
  const options = (of: string) => ({ prisma: {}, subscribers: [one], database: { url: of }, log: SILENT });
  await migrate(options(own));
  const role = `limited_${Date.now()}`;
  await owner.query(`
    create role ${role} login password 'limited';
    revoke create on database "${new URL(own).pathname.slice(1)}" from public;
    grant usage on schema event_bus, graphile_worker to ${role};
    grant select, insert, update, delete on all tables in schema event_bus, graphile_worker to ${role};
    grant execute on all functions in schema event_bus, graphile_worker to ${role}`);
  const limited = new URL(own);
  limited.username = role;
  limited.password = "limited";
  try {
    expect(await migrate(options(limited.href))).toEqual({ applied: [], subscribers: [] });
  } finally {
    await owner.query(`drop owned by ${role}; drop role ${role}`);
  }
});
