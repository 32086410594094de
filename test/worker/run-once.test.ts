import { describe, expect, it } from "vitest";
import { pause, resume } from "../../src/admin.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { fixed } from "../../src/registry/backoff.js";
import { type RunOnceResult, runOnce } from "../../src/worker/run-once.js";
import { Ping } from "./ping.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, options, executor, names, subscriber, publish, deliveries, jobs, workerRows } =
  await workerFixture();

const none = { delivered: 0, retrying: 0, snoozed: 0, cancelled: 0, dead: 0, stale: 0, paused: 0 };

describe("runOnce", () => {
  it("makes what is due and returns how many deliveries had which outcome", async () => {
    const once = () =>
      runOnce(
        options([
          subscriber("succeeds", () => undefined),
          subscriber("fails", () => Promise.reject(new Error("no")), { retry: { backoff: fixed(60_000) } }),
          subscriber("dies", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } }),
        ]),
      );
    expect(await once()).toEqual(none);
    await publish(3);
    expect(await once()).toEqual({ ...none, delivered: 3, retrying: 3, dead: 3 });
    expect(await once()).toEqual(none);
    expect(await workerRows()).toEqual([]);
    expect(await jobs()).toEqual(Array(3).fill({ task_identifier: "event_bus:fails", locked_by: null }));
  });

  it("makes the deliveries that follow", async () => {
    const follows = subscriber("follows", async (event) => {
      if (event.aggregate.n >= 5) return;
      const next = Ping({ n: event.aggregate.n + 1 });
      await publishEvents(executor, names, [encodeEvent(next, { maxEventBytes: 1_000 })]);
    });
    await runOnce(options([follows]));
    await publish();
    expect(await runOnce(options([follows]))).toMatchObject({ delivered: 5 });
  });

  it("makes what was held back of a subscriber that is paused no more, and deletes what is old", async () => {
    const one = subscriber("one", () => undefined);
    await runOnce(options([one]));
    await pause(pool, "one");
    // A publisher that had not seen yet that it goes on.
    const client = await pool.connect();
    await client.query("begin");
    await publishEvents(executorOf(client), names, [
      encodeEvent(Ping({ n: 1 }), { maxEventBytes: 1_000_000 }),
    ]);
    await resume(pool, "one");
    await client.query("commit");
    client.release();
    expect((await deliveries()).map(({ state }) => state)).toEqual(["paused"]);
    await pool.query("delete from event_bus.maintenance");
    expect(await runOnce(options([one]))).toMatchObject({ delivered: 1 });
    await pool.query("delete from event_bus.maintenance");
    await runOnce(options([one], { retention: { default: 0 } }));
    expect((await pool.query("select from event_bus.events")).rowCount).toBe(0);
  });

  it("takes no more deliveries after maxMs, and waits for the running ones", async () => {
    const started = gate();
    const { opened, open } = gate();
    const slow = subscriber("slow", async () => {
      started.open();
      await opened;
    });
    await runOnce(options([slow]));
    await publish(3);
    const result = runOnce(options([slow], { worker: { concurrency: 1 } }));
    await started.opened;
    open();
    expect(await result).toMatchObject({ delivered: 3 });
    await publish(3);
    expect(await runOnce({ ...options([slow]), maxMs: 1 })).toMatchObject({ retrying: 0, dead: 0 });
    expect(await workerRows()).toEqual([]);
    expect((await jobs()).every(({ locked_by }) => locked_by === null)).toBe(true);
  });

  it("takes no delivery when the time is over before it could begin", async () => {
    const hangs = subscriber("hangs", () => new Promise(() => undefined));
    await runOnce(options([hangs]));
    await publish();
    const result = await runOnce({ ...options([hangs], { worker: { shutdownTimeoutMs: 1 } }), maxMs: 1 });
    expect(result).toEqual(none);
    expect(await jobs()).toMatchObject([{ locked_by: null }]);
  });

  it("releases what does not end in time", async () => {
    let begun = 0;
    const hangs = subscriber("hangs", () => {
      begun += 1;
      return new Promise(() => undefined);
    });
    await runOnce(options([hangs]));
    await publish();
    // On a busy machine the time may be over before the handler is called: then nothing was taken.
    let result: RunOnceResult = none;
    for (let maxMs = 500; begun === 0; maxMs *= 2) {
      expect(result).toEqual(none);
      result = await runOnce({ ...options([hangs], { worker: { shutdownTimeoutMs: 50 } }), maxMs });
    }
    expect([begun, result]).toEqual([1, { ...none, snoozed: 1 }]);
    expect(await deliveries()).toMatchObject([{ state: "snoozed", attempts: 0 }]);
    expect(await jobs()).toMatchObject([{ locked_by: null }]);
    expect(await workerRows()).toEqual([]);
  });

  it("refuses a maxMs that is no time", async () => {
    await expect(runOnce({ ...options([]), maxMs: 0 })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      path: "maxMs",
    });
  });

  it("shares the deliveries with others at once", async () => {
    const seen: number[] = [];
    const one = subscriber("one", (event) => void seen.push(event.aggregate.n));
    await runOnce(options([one]));
    await publish(50);
    // Three times twelve connections at once: a busy server lets them in later than half of a short deadAfterMs.
    const patient = options([one], { worker: { deadAfterMs: 30_000 } });
    const results = await Promise.all([1, 2, 3].map(() => runOnce(patient)));
    expect(results.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(50);
    expect(seen).toHaveLength(50);
  });
});
