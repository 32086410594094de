import pg from "pg";
import { afterAll, describe, expect, it, vi } from "vitest";

import { startPostgres } from "../../src/testing/postgres.js";
import { migrate } from "../../src/worker/migrate.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

// A server of its own: it is restarted.
const server = await startPostgres();
afterAll(() => server.stop());
const url = await server.createDatabase("restarted");
await migrate({ prisma: {}, subscribers: [], database: { url } });
const pool = new pg.Pool({ connectionString: url });
pool.on("error", () => undefined);
afterAll(() => pool.end());

const { subscriber, start, publish, deliveries, allIn, jobs } = await workerFixture({
  url,
  pool,
  name: "restarted",
  [Symbol.asyncDispose]: async () => undefined,
});

// graphile-worker prints what goes wrong while it stops, with a stack.
const traces = vi.spyOn(console, "trace").mockImplementation(() => undefined);
afterAll(() => {
  expect(traces.mock.calls).toEqual([]);
});

describe.each(["fast", "immediate"] as const)("a restart of the server, %s", (mode) => {
  it("interrupts the worker and loses nothing", async () => {
    const { of } = await start([subscriber("one", () => new Promise((resolve) => setTimeout(resolve, 10)))]);
    await publish(500);
    await eventually(async () => {
      expect((await deliveries()).filter(({ state }) => state === "delivered").length).toBeGreaterThan(50);
    });
    await server.restart(mode);
    await allIn("delivered", 500);
    expect(await deliveries()).toEqual(
      Array.from({ length: 500 }, () => expect.objectContaining({ attempts: 1, errors: [] })),
    );
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(of("recover:start")).toHaveLength(1);
    await eventually(() => expect(of("recover:stop")).toHaveLength(1));
  });
});
