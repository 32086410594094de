import { describe, expect, it, vi } from "vitest";

import { testDatabase } from "../support/database.js";
import { deliverFixture } from "./deliver-fixture.js";

const { pool } = await testDatabase();
const { enqueue } = deliverFixture(pool);

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("deaths of processes", () => {
  it("are forgiven once, and then put on record without using up an attempt", async () => {
    const delivery = await enqueue(() => Promise.reject(new Error("no")));
    expect(await delivery.next({ deaths: 1 })).toMatchObject({ state: "retrying" });
    expect(await delivery.next({ deaths: 2 })).toMatchObject({
      state: "snoozed",
      thrown: { code: "WORKER_DIED" },
    });
    expect(await delivery.row()).toMatchObject({
      state: "snoozed",
      attempts: 1,
      errors: [
        { name: "Error", attempt: 1 },
        {
          name: "WorkerDied",
          attempt: 2,
          message: expect.stringContaining("ended 2 times without an outcome"),
        },
      ],
    });
  });

  it("make the delivery dead in the end, and its handler is not called any more", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
    });
    const states: string[] = [];
    for (const deaths of [2, 1, 1, 1]) {
      states.push((await delivery.next({ deaths })).state);
      // As the process leaves it that calls the handler and dies.
      await pool.query("update event_bus.deliveries set isolated = true");
    }
    expect(states).toEqual(["snoozed", "snoozed", "snoozed", "dead"]);
    expect(calls).toBe(0);
    const { errors } = await delivery.row();
    expect(errors.at(-1)?.message).toContain("ended 5 times without an outcome");
  });

  it("do not count where the process died before the handler was called", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
      throw new Error("no");
    });
    await delivery.next({ deaths: 2 });
    expect(await delivery.next({ deaths: 7 })).toMatchObject({ state: "retrying" });
    expect(await delivery.next({ deaths: 7 })).toMatchObject({ state: "retrying" });
    expect(calls).toBe(2);
  });

  it("make the delivery run alone: while others run it comes back later, and does not hold them up", async () => {
    const order: string[] = [];
    const { opened, open } = gate();
    const long = await enqueue(async () => {
      order.push("long");
      await opened;
    });
    const suspect = await enqueue(() => void order.push("suspect"));
    const after = await enqueue(() => void order.push("after"));
    await suspect.next({ deaths: 2 });

    const running = long.next();
    await expect.poll(() => order).toEqual(["long"]);
    expect(await suspect.next()).toMatchObject({ state: "snoozed" });
    expect(await suspect.row()).toMatchObject({ attempts: 0, errors: [{ name: "WorkerDied" }] });
    expect(await after.next()).toEqual({ state: "delivered" });
    open();
    expect(await running).toEqual({ state: "delivered" });
    expect(await suspect.next()).toEqual({ state: "delivered" });
    expect(order).toEqual(["long", "after", "suspect"]);
  });

  it("give it a while alone, and then it runs beside others: what ends the process later says nothing of it", async () => {
    const { opened, open } = gate();
    const suspect = await enqueue(() => opened);
    const other = await enqueue(() => undefined);
    await suspect.next({ deaths: 2 });
    const isAlone = async () => {
      const { rows } = await pool.query(
        `select d.isolated from event_bus.deliveries d join event_bus.subscriptions s on s.id = d.subscription_id
          where s.subscriber = $1`,
        [suspect.subscriber.name],
      );
      return rows.map((row) => row.isolated);
    };

    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const running = suspect.next();
      await vi.waitFor(async () => expect(await isAlone()).toEqual([true]));
      const beside = other.next();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await beside).toEqual({ state: "delivered" });
      expect(await isAlone()).toEqual([false]);
      open();
      expect(await running).toEqual({ state: "delivered" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("make others wait for the one that runs alone, but not longer than until the worker stops", async () => {
    const order: string[] = [];
    const { opened, open } = gate();
    const suspect = await enqueue(async () => {
      order.push("suspect");
      await opened;
    });
    const otherSuspect = await enqueue(() => undefined);
    const waits = await enqueue(() => void order.push("waits"));
    const stops = await enqueue(() => void order.push("stops"));
    await suspect.next({ deaths: 2 });
    await otherSuspect.next({ deaths: 2 });

    const shutdown = new AbortController();
    const running = [suspect.next()];
    await expect.poll(() => order).toEqual(["suspect"]);
    expect(await otherSuspect.next()).toMatchObject({ state: "snoozed" });
    running.push(waits.next());
    const stopped = stops.next({ signal: shutdown.signal });
    shutdown.abort();
    expect(await stopped).toMatchObject({ state: "snoozed", dueMs: 0, thrown: { code: "WORKER_STOPPING" } });
    open();
    expect(await Promise.all(running)).toEqual([{ state: "delivered" }, { state: "delivered" }]);
    expect(order).toEqual(["suspect", "waits"]);
  });
});
