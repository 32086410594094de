import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { deliveryOutbox } from "../../src/delivery/delivery-outbox.js";
import { claimDelivery } from "../../src/outbox/claim-delivery.js";
import { type Executor, executorOf } from "../../src/outbox/executor.js";
import { type DeliveryError, findDeliveries } from "../../src/outbox/find-deliveries.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { type Settlement, settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { synchroniseSubscriptions, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { empty, event, jobs, publish, subscription } from "./steps.js";

const { url, pool } = await testDatabase();
const bus = executorOf(pool);
const names = DEFAULT_SCHEMA_NAMES;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

/** Two events for two subscribers: deliveries of positions 1 and 2 for the subscriptions 1 and 2. Jobs are taken. */
beforeEach(async () => {
  await empty(pool);
  await synchroniseSubscriptions(bus, names, "app", [
    subscription("E", "one", { priority: 3, delayMs: 60_000 }),
    subscription("E", "two"),
  ]);
  await publish(pool, [event("E"), event("E")]);
  await takeJobs();
});

const takeJobs = () => pool.query("delete from graphile_worker._private_jobs");

/** The settlement of the first attempt at the first delivery. */
function settlement(parts: Partial<Settlement> = {}): Settlement {
  return { position: 1, subscriptionId: 1, generation: 0, attempts: 1, state: "delivered", ...parts };
}

describe("an event that is gone", () => {
  it("gets no row any more, neither by settling nor by claiming", async () => {
    await pool.query("delete from event_bus.events");
    expect(await settle(settlement({ state: "retrying", dueMs: 0 }))).toEqual([false]);
    const claim = { position: 1, subscriptionId: 1, generation: 0, claim: "one", limits: undefined };
    expect(await claimDelivery(bus, names, claim)).toBe(false);
    expect(await rows()).toEqual([]);
    expect(await jobs(pool)).toEqual([]);
  });
});

describe("a row that somebody else holds", () => {
  it("holds up no outcomes of others for long, and is settled when it is free", async () => {
    const holder = await pool.connect();
    try {
      await holder.query("begin");
      const claim = { position: 1, subscriptionId: 1, generation: 0, claim: "other", limits: undefined };
      expect(await claimDelivery(executorOf(holder), names, claim)).toBe(true);
      const outbox = deliveryOutbox(bus, names);
      const held = settlement({ state: "retrying", dueMs: 0, claim: "own" });
      const first = outbox.settle(held).catch((error: unknown) => error);
      const others = [1, 2].map((subscriptionId) =>
        outbox.settle(settlement({ position: 2, subscriptionId, state: "cancelled", reason: "no" })),
      );
      expect(await Promise.all(others)).toEqual(["cancelled", "cancelled"]);
      expect(await first).toMatchObject({ code: "55P03" });
      // From now on it waits alone. On a busy machine its time can be over before others are recorded: not each time.
      await eventually(async () => {
        let isOver = false;
        const end = () => {
          isOver = true;
        };
        const again = outbox.settle(held).then(end, end);
        await outbox.settle(settlement({ subscriptionId: 2, state: "cancelled", reason: "no" }));
        const wasOver = isOver;
        await again;
        expect(wasOver).toBe(false);
      });
      await holder.query("rollback");
      expect(await outbox.settle(held)).toBe("retrying");
    } finally {
      await holder.query("rollback");
      holder.release();
    }
  });
});

/** Settles on `executor`, and says of each settlement whether the delivery stands as it says. */
const settleOn = async (executor: Executor, ...settlements: readonly Settlement[]) => {
  const states = await settleDeliveries(executor, names, settlements);
  return states.map((state, index) => state === settlements[index]?.state);
};
const settle = (...settlements: readonly Settlement[]) => settleOn(bus, ...settlements);
const rows = async () =>
  (await pool.query("select * from event_bus.deliveries order by position, subscription_id")).rows;

function failure(attempt: number): DeliveryError {
  return {
    attempt,
    name: "Error",
    message: `failure ${attempt} "é" \\`,
    at: "2020-01-01T00:00:00.000Z",
    worker: "w",
  };
}

describe("settleDeliveries", () => {
  it.each(["delivered", "cancelled", "dead"] as const)(
    "finishes a delivery that is %s, and adds no job",
    async (state) => {
      expect(await settle(settlement({ state, claim: "worker 7" }))).toEqual([true]);
      expect(await rows()).toEqual([
        {
          position: "1",
          subscription_id: 1,
          state,
          generation: 1,
          attempt: 1,
          errors: [],
          error_count: 0,
          deaths: 0,
          isolated: false,
          reason: null,
          claim: "worker 7",
          due_at: null,
          finished_at: expect.any(Date),
        },
      ]);
      expect(await jobs(pool)).toEqual([]);
    },
  );

  it.each(["retrying", "snoozed"] as const)(
    "adds one wake-up for a delivery that is %s, for when it is due",
    async (state) => {
      const { rows: clock } = await pool.query("select clock_timestamp() as now");
      expect(await settle(settlement({ state, dueMs: 90_000.5, attempts: 4 }))).toEqual([true]);
      const [row] = await rows();
      expect(row).toMatchObject({ state, generation: 1, attempt: 4, finished_at: null });
      const wait = row.due_at.getTime() - clock[0].now.getTime();
      expect(wait).toBeGreaterThanOrEqual(90_000);
      expect(wait).toBeLessThan(100_000);
      expect(await jobs(pool)).toEqual([
        {
          task: "event_bus:one",
          payload: { p: 1, s: 1, g: 1, a: 4 },
          priority: 3,
          runAt: row.due_at,
          queue: null,
          maxAttempts: 32_767,
        },
      ]);
    },
  );

  it.each([0, 1, 31_536_000_000])("takes a wait of %d ms", async (dueMs) => {
    const { rows: clock } = await pool.query("select clock_timestamp() as now");
    await settle(settlement({ state: "retrying", dueMs }));
    const [job] = await jobs(pool);
    const wait = (job?.runAt.getTime() ?? 0) - clock[0].now.getTime();
    expect(wait).toBeGreaterThanOrEqual(dueMs);
    expect(wait).toBeLessThan(dueMs + 10_000);
  });

  it("loses no delivery that is to be retried at no stated time", async () => {
    await settle(settlement({ state: "retrying" }));
    expect((await jobs(pool)).map(({ payload }) => payload)).toEqual([{ p: 1, s: 1, g: 1, a: 1 }]);
  });

  it("moves a delivery on from attempt to attempt, and keeps its errors in order", async () => {
    for (const attempt of [1, 2, 3]) {
      const state = attempt === 3 ? "dead" : "retrying";
      const one = settlement({
        generation: attempt - 1,
        attempts: attempt,
        state,
        dueMs: 0,
        error: failure(attempt),
      });
      expect(await settle(one)).toEqual([true]);
      expect((await jobs(pool)).map(({ payload }) => payload)).toEqual(
        state === "dead" ? [] : [{ p: 1, s: 1, g: attempt, a: attempt }],
      );
      await takeJobs();
    }
    expect(await rows()).toMatchObject([
      {
        state: "dead",
        generation: 3,
        attempt: 3,
        errors: [failure(1), failure(2), failure(3)],
        due_at: null,
      },
    ]);
  });

  it("keeps the errors of a delivery that succeeds in the end, and the last claim", async () => {
    await settle(settlement({ state: "retrying", dueMs: 0, error: failure(1), claim: "a" }));
    await settle(settlement({ generation: 1, attempts: 2, claim: "b" }));
    const finished = { state: "delivered", attempt: 2, errors: [failure(1)], due_at: null, claim: "b" };
    expect(await rows()).toMatchObject([{ ...finished, finished_at: expect.any(Date) }]);
    const [first] = await findDeliveries(bus, names, { position: 1, subscriber: "one" });
    expect(first).toMatchObject({ state: "delivered", attempts: 2, errors: [failure(1)], dueAt: null });
  });

  it.each([
    ["an older generation", 0],
    ["the one before", 1],
    ["a later generation", 3],
  ])("changes nothing and adds no job for %s", async (_, generation) => {
    await settle(settlement({ state: "retrying", dueMs: 0, error: failure(1) }));
    await settle(settlement({ state: "snoozed", dueMs: 0, generation: 1 }));
    await takeJobs();
    const before = await rows();
    for (const state of ["retrying", "delivered"] as const) {
      expect(await settle(settlement({ generation, state, dueMs: 0, error: failure(2) }))).toEqual([false]);
    }
    expect([await rows(), await jobs(pool)]).toEqual([before, []]);
  });

  it("changes nothing for a generation that a delivery without a row never had", async () => {
    expect(await settle(settlement({ generation: 3, state: "retrying", dueMs: 0 }))).toEqual([false]);
    expect([await rows(), await jobs(pool)]).toEqual([[], []]);
  });

  it("takes several settlements at once, and says of each whether it took effect", async () => {
    await settle(settlement({ position: 2, subscriptionId: 2 }));
    const results = await settle(
      settlement({ position: 2, subscriptionId: 1, state: "retrying", dueMs: 5000, error: failure(1) }),
      settlement({ position: 2, subscriptionId: 2, state: "retrying", dueMs: 0 }),
      settlement({ position: 1, subscriptionId: 2, state: "snoozed", dueMs: 1000, attempts: 0 }),
      settlement(),
    );
    expect(results).toEqual([true, false, true, true]);
    expect(
      (await rows()).map(({ position, subscription_id, state }) => [position, subscription_id, state]),
    ).toEqual([
      ["1", 1, "delivered"],
      ["1", 2, "snoozed"],
      ["2", 1, "retrying"],
      ["2", 2, "delivered"],
    ]);
    const payloads = (await jobs(pool)).map(({ payload }) => payload).toSorted((a, b) => a.p - b.p);
    expect(payloads).toEqual([
      { p: 1, s: 2, g: 1, a: 0 },
      { p: 2, s: 1, g: 1, a: 1 },
    ]);
    expect(await settle()).toEqual([]);
  });

  it("takes a settlement that is there twice in one call once", async () => {
    const twice = settlement({ state: "retrying", dueMs: 0, error: failure(1) });
    const results = await settle(twice, settlement({ position: 2 }), twice);
    expect(results.filter(Boolean).length).toBe(2);
    expect(await rows()).toMatchObject([{ generation: 1, errors: [failure(1)] }, { position: "2" }]);
    expect((await jobs(pool)).length).toBe(1);
  });

  it.each<[string, (list: readonly Settlement[]) => readonly Settlement[]]>([
    ["the stale one first", (list) => list],
    ["the stale one last", (list) => list.toReversed()],
  ])("takes the current one of two settlements of a delivery in one call, %s", async (_, order) => {
    await settle(settlement({ state: "retrying", dueMs: 0 }));
    const stale = settlement({ state: "cancelled" });
    const current = settlement({ generation: 1, attempts: 2 });
    expect(await settle(...order([stale, current]))).toEqual(
      order([stale, current]).map((one) => one === current),
    );
    expect(await rows()).toMatchObject([{ state: "delivered", generation: 2, attempt: 2 }]);
  });

  it("does the same through Prisma", async () => {
    const executor = executorOf(prisma);
    const one = settlement({ state: "retrying", dueMs: 0, error: failure(1) });
    expect(await settleOn(executor, one, settlement({ position: 2 }))).toEqual([true, true]);
    expect(await settleOn(executor, one)).toEqual([false]);
    expect((await jobs(pool)).length).toBe(1);
  });

  it("keeps the first five and the last fifteen of more than twenty errors, and counts all", async () => {
    for (let attempt = 1; attempt <= 30; attempt++) {
      const error = attempt === 29 ? {} : { error: failure(attempt) };
      await settle(
        settlement({ generation: attempt - 1, attempts: attempt, state: "retrying", dueMs: 0, ...error }),
      );
    }
    const [row] = await findDeliveries(bus, names, { position: 1, subscriber: "one" });
    const kept = row?.errors.map(({ attempt }) => attempt);
    expect(kept).toEqual([1, 2, 3, 4, 5, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30]);
    expect(row?.errorCount).toBe(29);
  });

  it("counts deaths, and keeps the reason of a cancellation until the delivery moves on", async () => {
    await settle(settlement({ state: "snoozed", dueMs: 0, attempts: 0, error: failure(1), died: true }));
    await settle(settlement({ generation: 1, state: "snoozed", dueMs: 0, attempts: 0, died: true }));
    await settle(settlement({ generation: 2, state: "cancelled", reason: "the user is gone" }));
    expect(await rows()).toMatchObject([
      { state: "cancelled", deaths: 2, error_count: 1, reason: "the user is gone" },
    ]);
    const [row] = await findDeliveries(bus, names, { position: 1, subscriber: "one" });
    expect(row).toMatchObject({ state: "cancelled", reason: "the user is gone" });
  });

  it("says to the same claim, whose answer was lost, where it has moved the delivery", async () => {
    const one = settlement({ claim: "w/1" });
    expect(await settleDeliveries(bus, names, [one])).toEqual(["delivered"]);
    expect(await settleDeliveries(bus, names, [one])).toEqual(["delivered"]);
    const failed = settlement({ claim: "w/1", state: "retrying", dueMs: 0 });
    expect(await settleDeliveries(bus, names, [failed, settlement({ position: 2 })])).toEqual([
      "delivered",
      "delivered",
    ]);
    expect(await settleDeliveries(bus, names, [settlement({ claim: "w/2" })])).toEqual([undefined]);
    expect(await settleDeliveries(bus, names, [settlement()])).toEqual([undefined]);
    expect([await jobs(pool), (await rows()).map(({ generation }) => generation)]).toEqual([[], [1, 1]]);
  });

  it("takes two claims that deliver the same in one call once, in whatever order", async () => {
    const claims = ["w/1", "w/2"].map((claim) => settlement({ claim }));
    const results = await settleDeliveries(bus, names, [
      ...claims,
      settlement({ position: 2, claim: "w/3" }),
    ]);
    expect(results).toEqual(["delivered", undefined, "delivered"]);
    expect(await rows()).toMatchObject([{ claim: "w/1" }, { claim: "w/3" }]);
    expect(await settleDeliveries(bus, names, claims.toReversed())).toEqual([undefined, "delivered"]);
  });

  it("delivers what has a row already only where that has not moved on", async () => {
    await settle(settlement({ state: "retrying", dueMs: 0 }));
    const results = await settleDeliveries(bus, names, [
      settlement({ claim: "w/1" }),
      settlement({ position: 2, claim: "w/2" }),
      settlement({ generation: 1, attempts: 2, claim: "w/3" }),
    ]);
    expect(results).toEqual([undefined, "delivered", "delivered"]);
    expect(await rows()).toMatchObject([
      { state: "delivered", generation: 2, attempt: 2, claim: "w/3" },
      { state: "delivered", generation: 1, claim: "w/2" },
    ]);
  });

  it("does not wait for the disk, but leaves the transactions of others as they are", async () => {
    const setting = async (client: { query: Pool["query"] }) =>
      (await client.query("select current_setting('synchronous_commit') as setting")).rows[0].setting;
    const client = await pool.connect();
    try {
      await client.query("begin");
      await settleDeliveries(executorOf(client), names, [settlement({ claim: "w/1" })]);
      expect(await setting(client)).toBe("off");
      await client.query("rollback");
      await client.query("begin");
      await client.query("select pg_current_xact_id()");
      for (const claim of ["w/1", "w/2"]) {
        await settleDeliveries(executorOf(client), names, [
          settlement({ claim }),
          settlement({ position: 2 }),
        ]);
      }
      expect(await setting(client)).toBe("on");
      await client.query("rollback");
    } finally {
      client.release();
    }
  });

  it("says nothing of a delivery that others have moved on since", async () => {
    const one = settlement({ claim: "w/1", state: "retrying", dueMs: 0 });
    await settle(one);
    await settle(settlement({ generation: 1, claim: "w/2" }));
    expect(await settleDeliveries(bus, names, [one])).toEqual([undefined]);
  });

  it("wakes a delivery of a subscription that has ended", async () => {
    await unsubscribe(bus, names, "one");
    await settle(settlement({ state: "retrying", dueMs: 0 }));
    expect((await jobs(pool)).map(({ task }) => task)).toEqual(["event_bus:one"]);
  });
});

describe("concurrent settlements of one generation", () => {
  it.each([
    ["a delivery that nothing happened to yet", 0],
    ["a delivery that was tried before", 1],
  ])("take effect once, for %s", async (_, generation) => {
    if (generation > 0) await settle(settlement({ state: "retrying", dueMs: 0 }));
    await takeJobs();
    const attempts = Array.from({ length: 8 }, () =>
      settle(settlement({ generation, state: "retrying", dueMs: 0, error: failure(1) })),
    );
    expect((await Promise.all(attempts)).flat().filter(Boolean)).toEqual([true]);
    expect(await rows()).toMatchObject([{ generation: generation + 1, errors: [failure(1)] }]);
    expect((await jobs(pool)).map(({ payload }) => payload.g)).toEqual([generation + 1]);
  });

  it.each([
    ["nothing once it commits", "commit", "snoozed"],
    ["everything once it rolls back", "rollback", "delivered"],
  ])("wait for the first, and change %s", async (_, end, state) => {
    const [first, second] = await Promise.all([pool.connect(), pool.connect()]);
    try {
      await first.query("begin");
      const one = settlement({ state: "snoozed", dueMs: 0 });
      expect(await settleOn(executorOf(first), one)).toEqual([true]);
      const { rows: backend } = await second.query("select pg_backend_pid() as pid");
      const waiting = settleOn(executorOf(second), settlement());
      await eventually(async () => {
        const { rows: blocked } = await pool.query("select pg_blocking_pids($1)", [backend[0].pid]);
        expect(blocked[0].pg_blocking_pids).toHaveLength(1);
      });
      await first.query(end);
      expect(await waiting).toEqual([state === "delivered"]);
    } finally {
      first.release();
      second.release();
    }
    expect((await rows()).map((row) => row.state)).toEqual([state]);
    expect((await jobs(pool)).length).toBe(state === "snoozed" ? 1 : 0);
  });

  it("of several deliveries in any order end in no deadlock", async () => {
    const all = [1, 2].flatMap((position) =>
      [1, 2].map((subscriptionId) => settlement({ position, subscriptionId })),
    );
    const calls = Array.from({ length: 12 }, (_, index) =>
      settle(...(index % 2 === 0 ? all : all.toReversed())),
    );
    const results = await Promise.all(calls);
    expect(results.flat().filter(Boolean).length).toBe(4);
  });

  it("leave nothing when their transaction rolls back", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await settleOn(executorOf(client), settlement({ state: "retrying", dueMs: 0 }));
      await client.query("rollback");
    } finally {
      client.release();
    }
    expect([await rows(), await jobs(pool)]).toEqual([[], []]);
  });
});
