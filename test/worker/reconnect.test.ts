import { afterAll, describe, expect, it, vi } from "vitest";

import { eventually } from "../support/eventually.js";
import { startMuteProxy } from "./mute-proxy.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, url, database, subscriber, start, publish, deliveries, allIn, jobs, terminate } =
  await workerFixture();

// graphile-worker prints what goes wrong while it stops, with a stack.
const traces = vi.spyOn(console, "trace").mockImplementation(() => undefined);
afterAll(() => {
  expect(traces.mock.calls).toEqual([]);
});

describe("a worker whose connections are cut", () => {
  it("goes on, and says so in one line each", async () => {
    const { of } = await start([subscriber("one", () => undefined)]);
    await publish(5);
    await allIn("delivered", 5);
    expect(await terminate()).toBeGreaterThan(0);
    await eventually(() => expect(of("recover:stop")).toHaveLength(1));
    expect(of("recover:start")).toEqual([
      { type: "recover:start", worker: expect.any(String), reason: expect.any(String) },
    ]);
    expect(of("recover:stop")[0]?.durationMs).toBeGreaterThan(0);
    await publish(5);
    await allIn("delivered", 10);
  });

  it("goes on after many cuts under load, without losing a delivery", async () => {
    const count = 400;
    const { of } = await start([subscriber("one", () => new Promise((resolve) => setTimeout(resolve, 5)))]);
    await publish(count);
    for (let cut = 1; cut <= 4; cut++) {
      await eventually(async () => {
        const open = (await deliveries()).filter(({ state }) => state === "waiting").length;
        expect(open).toBeLessThan(count - (count * cut) / 5);
      });
      await terminate();
    }
    await allIn("delivered", count);
    expect(await deliveries()).toEqual(
      Array.from({ length: count }, () => expect.objectContaining({ attempts: 1, errors: [] })),
    );
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(of("recover:stop").length).toBeGreaterThan(0);
  });

  it("listens again when only the listening connection is cut", async () => {
    const { of } = await start([subscriber("one", () => undefined)], {
      worker: { pollIntervalMs: 60_000, heartbeatMs: 250 },
    });
    expect(await terminate("LISTEN%")).toBe(1);
    await eventually(() => expect(of("recover:stop")).toHaveLength(1));
    await publish();
    await allIn("delivered", 1);
  });

  it("does not run a handler twice that was running meanwhile, and records its outcome", async () => {
    const { opened, open } = gate();
    const started = gate();
    let calls = 0;
    const { of } = await start(
      [
        subscriber("one", async () => {
          calls += 1;
          started.open();
          await opened;
        }),
      ],
      { worker: { heartbeatMs: 100, deadAfterMs: 300, pollIntervalMs: 50 } },
    );
    await publish();
    await started.opened;
    await terminate();
    await eventually(() => expect(of("recover:stop")).toHaveLength(1));
    // After deadAfterMs its job is free again, and this same worker claims it while the handler still runs.
    await eventually(async () => {
      const { rows } = await pool.query("select attempts, locked_by from graphile_worker.jobs");
      expect(rows).toMatchObject([{ attempts: 2, locked_by: expect.any(String) }]);
    });
    open();
    await allIn("delivered", 1);
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(calls).toBe(1);
    expect(of("deliver:stop")).toHaveLength(1);
  });

  it("for longer than deadAfterMs, as of all others, holds nobody for dead", async () => {
    const opened = gate();
    let runs = 0;
    const slow = subscriber("slow", () => {
      runs += 1;
      return opened.opened;
    });
    // Nobody beats meanwhile but who has new connections.
    const long = { worker: { heartbeatMs: 30_000, deadAfterMs: 90_000, concurrency: 2 } };
    const workers = [await start([slow], long), await start([slow], long)];
    await publish(4);
    await eventually(() => expect(runs).toBe(4));
    await pool.query("truncate event_bus.departed");
    await pool.query(
      "update event_bus.workers set heartbeat_at = now() - interval '1 hour', dead_after_ms = 2000",
    );
    await terminate();
    for (const { of } of workers) {
      await eventually(() => expect(of("recover:stop")).toHaveLength(1));
      expect(of("worker:takeover")).toEqual([]);
    }
    expect((await pool.query("select from event_bus.departed where died")).rowCount).toBe(0);
    const { rows } = await pool.query("select payload from graphile_worker._private_jobs");
    expect(rows.map(({ payload }) => payload.d)).toEqual([undefined, undefined, undefined, undefined]);
    expect(runs).toBe(4);
    opened.open();
    await allIn("delivered", 4);
  });

  it("stops without a stack on the console when that happens while it stops", async () => {
    const { worker, of } = await start([subscriber("one", () => undefined)], {
      worker: { pollIntervalMs: 20, concurrency: 1 },
    });
    const blocker = await pool.connect();
    await blocker.query("begin");
    await blocker.query("lock table graphile_worker._private_jobs in access exclusive mode");
    // Not as housekeeping does, which waits for the lock too.
    const asksForJobs = "%_private_jobs as jobs%skip locked%";
    let terminated = 0;
    let stopped: Promise<void> | undefined;
    try {
      await eventually(async () => {
        const { rows } = await pool.query(
          `select from pg_stat_activity where datname = $1 and application_name like 'ex-event-bus worker%'
              and state = 'active' and wait_event_type = 'Lock' and query like $2`,
          [database.name, asksForJobs],
        );
        expect(rows).toHaveLength(1);
      });
      stopped = worker.stop();
      await eventually(() => expect(of("worker:stopping")).toHaveLength(1));
      // Connections at rest, that asked for something like it before, may be among them.
      terminated = await terminate(asksForJobs);
    } finally {
      await blocker.query("rollback");
      blocker.release();
    }
    expect(terminated).toBeGreaterThan(0);
    await stopped;
    expect(of("worker:aborting")).toEqual([]);
    expect(traces.mock.calls).toEqual([]);
  });

  it("stops in time while it cannot reach the database", async () => {
    const proxy = await startMuteProxy(url);
    const { worker, of } = await start([subscriber("one", () => undefined)], {
      database: { url: proxy.url },
    });
    await proxy.close();
    await eventually(() => expect(of("recover:start")).toHaveLength(1));
    await worker.stop();
    expect(of("worker:stop")).toHaveLength(1);
  });

  it("repeats nothing any more after it has stopped", async () => {
    const { opened, open } = gate();
    const started = gate();
    const proxy = await startMuteProxy(url);
    const { worker, of } = await start(
      [
        subscriber("one", async () => {
          started.open();
          await opened;
        }),
      ],
      { database: { url: proxy.url }, worker: { shutdownTimeoutMs: 100 } },
    );
    await publish();
    await started.opened;
    await proxy.close();
    await eventually(() => expect(of("recover:start")).toHaveLength(1));
    open();
    await worker.stop();
    // Far earlier than after the minute for which it would go on otherwise.
    await eventually(() => expect(of("deliver:error")).toMatchObject([{ subscriber: "one" }]), 2_000);
  });
});
