import { beforeEach, describe, expect, it } from "vitest";

import { prune } from "../../src/admin/prune.js";
import { status } from "../../src/admin/status.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { fixed } from "../../src/registry/backoff.js";
import { testDatabase } from "../support/database.js";
import { deliverFixture } from "./deliver-fixture.js";

const { pool } = await testDatabase();
const { enqueue, executor, names } = deliverFixture(pool);

beforeEach(async () => {
  await pool.query(
    "truncate event_bus.events, event_bus.deliveries, event_bus.delivered, event_bus.subscriptions, event_bus.checkpoints",
  );
});

const rows = async (table: string) => (await pool.query(`select * from event_bus.${table}`)).rows;
const quiet = { history: "failures" } as const;

describe('history "failures"', () => {
  it("leaves no row of a delivery that is made at the first attempt, which is known to be made all the same", async () => {
    const delivery = await enqueue(() => undefined, quiet);
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await rows("deliveries")).toEqual([]);
    expect(await rows("delivered")).toMatchObject([{ positions: [expect.any(String)] }]);
    expect(await delivery.row()).toMatchObject({ state: "delivered", attempts: 1, errors: [] });
    expect(await delivery.due(new Date("9999-01-01"))).toBeUndefined();
    const [counts] = await status(pool).then(({ subscribers }) => subscribers);
    expect(counts).toMatchObject({ waiting: 0 });
    expect(await findDeliveries(executor, names, { state: "waiting" })).toEqual([]);
    expect(await findDeliveries(executor, names, { state: "delivered" })).toHaveLength(1);
  });

  it("keeps the row of one that failed before", async () => {
    const delivery = await enqueue(
      (_, ctx) => {
        if (ctx.attempt === 1) throw new Error("no");
      },
      { ...quiet, retry: { backoff: fixed(0) } },
    );
    expect(await delivery.next()).toMatchObject({ state: "retrying" });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await rows("delivered")).toEqual([]);
    expect(await delivery.row()).toMatchObject({
      state: "delivered",
      attempts: 2,
      errors: [{ message: "no" }],
    });
  });

  it("keeps the row of one that is cancelled or dead", async () => {
    const cancelled = await enqueue((_, ctx) => ctx.cancel("not wanted"), quiet);
    const dead = await enqueue(() => Promise.reject(new Error("no")), {
      ...quiet,
      retry: { maxAttempts: 1 },
    });
    await cancelled.next();
    await dead.next();
    expect((await rows("deliveries")).map(({ state }) => state).sort()).toEqual(["cancelled", "dead"]);
  });

  it("makes no delivery again whose job came back after it was made", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
    }, quiet);
    const job = await delivery.due();
    if (job === undefined) throw new Error("nothing is due");
    expect(await delivery.deliver(job)).toEqual({ state: "delivered" });
    // The process died before graphile-worker could delete the job.
    expect(await delivery.deliver({ ...job, deaths: 1 })).toEqual({ state: "stale" });
    expect(calls).toBe(1);
  });

  it("says so of a delivery that somebody else has moved on meanwhile", async () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let calls = 0;
    const delivery = await enqueue(
      async () => {
        calls += 1;
        if (calls === 2) throw new Error("no");
        await opened;
      },
      { ...quiet, retry: { backoff: fixed(60_000) } },
    );
    const job = await delivery.due();
    if (job === undefined) throw new Error("nothing is due");
    const slow = delivery.deliver(job);
    await expect.poll(() => calls).toBe(1);
    expect(await delivery.deliver(job)).toMatchObject({ state: "retrying" });
    open();
    expect(await slow).toEqual({ state: "stale" });
    expect(await rows("delivered")).toEqual([]);
    expect(await delivery.row()).toMatchObject({ state: "retrying", generation: 1 });
  });

  it("writes one row for what is made together", async () => {
    const deliveries = [];
    for (let n = 0; n < 5; n++) deliveries.push(await enqueue(() => undefined, quiet));
    const full = await enqueue(() => undefined);
    const made = await Promise.all([...deliveries, full].map((delivery) => delivery.next()));
    expect(new Set(made.map(({ state }) => state))).toEqual(new Set(["delivered"]));
    expect(await rows("deliveries")).toHaveLength(1);
    expect((await rows("delivered")).length).toBe(5);
    for (const delivery of deliveries) expect(await delivery.row()).toMatchObject({ state: "delivered" });
  });

  it("lets events be pruned, and what is noted of them goes along", async () => {
    const made = await enqueue(() => undefined, quiet);
    await made.next();
    await enqueue(() => undefined, quiet);
    await pool.query("update event_bus.events set occurred_at = now() - interval '30 days'");
    const { events } = await prune(pool);
    expect(events).toBe(1);
    expect(await rows("delivered")).toEqual([]);
    expect(await rows("events")).toHaveLength(1);
  });

  it("is on record in the subscription", async () => {
    await enqueue(() => undefined, quiet);
    expect(await rows("subscriptions")).toMatchObject([{ policy: { history: "failures" } }]);
  });
});
