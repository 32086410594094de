import { describe, expect, it } from "vitest";

import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, subscriber, start, publish, deliveries, allIn, jobs, workerRows } = await workerFixture();

const never = () => new Promise<never>(() => undefined);

describe("stop", () => {
  it("waits for the running handlers and takes no more deliveries", async () => {
    const { opened, open } = gate();
    const started = gate();
    const { worker } = await start(
      [
        subscriber("one", async () => {
          started.open();
          await opened;
        }),
      ],
      { worker: { concurrency: 1, heartbeatMs: 250 } },
    );
    await publish(2);
    await started.opened;
    const stopped = worker.stop();
    open();
    await stopped;
    expect((await deliveries()).map(({ state }) => state).sort()).toEqual(["delivered", "waiting"]);
    expect(await jobs()).toEqual([{ task_identifier: "event_bus:one", locked_by: null }]);
    expect(await workerRows()).toEqual([]);
  });

  it("leaves nothing claimed, however busy the worker is", async () => {
    const { worker } = await start([subscriber("one", () => undefined)]);
    await publish(300);
    await eventually(async () => {
      expect((await deliveries()).some(({ state }) => state === "delivered")).toBe(true);
    });
    await worker.stop();
    const open = (await deliveries()).filter(({ state }) => state === "waiting");
    expect(await jobs()).toEqual(open.map(() => ({ task_identifier: "event_bus:one", locked_by: null })));
  });

  it("aborts handlers that take too long, and another worker runs them again with all their attempts", async () => {
    const started = gate();
    const reasons: unknown[] = [];
    const { worker, of } = await start(
      [
        subscriber("one", async (_, { signal }) => {
          started.open();
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            });
          });
        }),
      ],
      { worker: { shutdownTimeoutMs: 50 } },
    );
    await publish();
    await started.opened;
    await worker.stop();
    expect(reasons).toMatchObject([{ code: "WORKER_STOPPING" }]);
    expect(of("worker:aborting")).toMatchObject([{ running: 1 }]);
    expect(await deliveries()).toMatchObject([{ state: "snoozed", attempts: 0, errors: [] }]);
    expect(await jobs()).toMatchObject([{ locked_by: null }]);
    await start([subscriber("one", () => undefined)]);
    await allIn("delivered", 1);
    expect(await deliveries()).toMatchObject([{ attempts: 1 }]);
  });

  it("does not wait for a handler that ignores the abort", async () => {
    const started = gate();
    const { worker } = await start(
      [
        subscriber("one", () => {
          started.open();
          return never();
        }),
      ],
      { worker: { shutdownTimeoutMs: 50 } },
    );
    await publish();
    await started.opened;
    const before = performance.now();
    await worker.stop();
    expect(performance.now() - before).toBeLessThan(15_000);
    expect(await deliveries()).toMatchObject([{ state: "snoozed", attempts: 0 }]);
    expect(await jobs()).toMatchObject([{ locked_by: null }]);
    expect(await workerRows()).toEqual([]);
  });

  it("can be called twice", async () => {
    const { worker, of } = await start([subscriber("one", () => undefined)]);
    await Promise.all([worker.stop(), worker.stop()]);
    await worker.stop();
    await worker.finished;
    expect(of("worker:stop")).toHaveLength(1);
  });

  it("keeps the heart beating while it waits, so that nobody takes over what still runs", async () => {
    const { opened, open } = gate();
    const started = gate();
    let calls = 0;
    const handle = async () => {
      calls += 1;
      started.open();
      await opened;
    };
    const quick = { worker: { heartbeatMs: 100, deadAfterMs: 1_000, shutdownTimeoutMs: 20_000 } };
    const { worker } = await start([subscriber("one", handle)], quick);
    await publish();
    await started.opened;
    const other = await start([subscriber("one", handle)], quick);
    const stopped = worker.stop();
    const { rows } = await pool.query("select clock_timestamp()::text as now");
    // Every worker has beaten after twice deadAfterMs.
    await eventually(async () => {
      const late = await pool.query(
        "select count(*)::int as n from event_bus.workers where heartbeat_at > $1::timestamptz + interval '2 s'",
        [rows[0].now],
      );
      expect(late.rows[0].n).toBe(2);
    });
    open();
    await stopped;
    await allIn("delivered", 1);
    expect(calls).toBe(1);
    expect(other.of("worker:takeover")).toEqual([]);
  });
});
