import { beforeEach, describe, expect, it } from "vitest";

import { pause, prune } from "../../src/admin.js";
import { executorOf } from "../../src/outbox/executor.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { type Settlement, settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { empty, event, publish, subscribe } from "../outbox/steps.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;

beforeEach(async () => {
  await empty(pool);
  await subscribe(pool, "A", ["one", "two"]);
});

/** Publishes events, each so many days old; the first one has position 1. */
const publishOld = async (...daysOld: number[]) => {
  for (const days of daysOld) {
    const { events } = await publish(pool, [event("A")]);
    await pool.query(
      "update event_bus.events set occurred_at = now() - $1 * interval '1 day' where position = $2",
      [days, events[0]?.position],
    );
  }
};
const settle = (position: number, subscriptionId: number, state: Settlement["state"]) =>
  settleDeliveries(executorOf(pool), names, [
    {
      position,
      subscriptionId,
      generation: 0,
      attempts: 1,
      state,
      ...(state === "retrying" || state === "snoozed" ? { dueMs: 1e9 } : {}),
    },
  ]);
const positions = async (table: "events" | "deliveries") =>
  (await pool.query(`select distinct position::integer as p from event_bus.${table} order by 1`)).rows.map(
    ({ p }) => p,
  );

describe("prune", () => {
  it("deletes events that are old and done, with their deliveries, and nothing else", async () => {
    await publishOld(9, 9, 8, 6, 1);
    for (const position of [1, 2, 3, 4, 5]) await settle(position, 1, "delivered");
    for (const position of [1, 3, 4]) await settle(position, 2, "cancelled");
    expect(await prune(pool)).toMatchObject({ events: 2 });
    // The second one waits, the fourth one is not old enough.
    expect(await positions("events")).toEqual([2, 4, 5]);
    expect(await positions("deliveries")).toEqual([2, 4, 5]);
    expect(await prune(pool)).toMatchObject({ events: 0 });
  });

  it.each(["retrying", "snoozed", "dead"] as const)(
    "keeps an event with a delivery that is %s",
    async (state) => {
      await publishOld(9);
      await settle(1, 1, "delivered");
      await settle(1, 2, state);
      expect(await prune(pool)).toMatchObject({ events: 0 });
      expect(await positions("events")).toEqual([1]);
    },
  );

  it("keeps an event whose delivery is held back, or waits for a subscriber that has ended", async () => {
    await pause(pool, "two");
    await publishOld(9);
    await settle(1, 1, "delivered");
    expect(await prune(pool)).toMatchObject({ events: 0 });
    await pool.query("update event_bus.subscriptions set paused = false, ended_at = now() where id = 2");
    await pool.query("delete from event_bus.deliveries where subscription_id = 2");
    expect(await prune(pool)).toMatchObject({ events: 0 });
  });

  it("deletes events that went to nobody", async () => {
    await publish(pool, [event("Lonely")]);
    expect(await prune(pool, { default: 0 })).toMatchObject({ events: 1 });
  });

  it("keeps events as long as their own age says", async () => {
    await publish(pool, [event("X"), event("Y"), event("Z")]);
    await pool.query("update event_bus.events set occurred_at = now() - interval '2 hours'");
    const rule = { default: false, events: { X: "1 hour", Y: 10_800_000 } } as const;
    expect(await prune(pool, rule)).toMatchObject({ events: 1 });
    expect(await positions("events")).toEqual([2, 3]);
  });

  it("works in batches, can be interrupted, and goes on when it is repeated", async () => {
    await publish(
      pool,
      Array.from({ length: 25 }, () => event("X")),
    );
    const stop = new AbortController();
    const progress: number[] = [];
    const first = await prune(
      pool,
      { default: 0 },
      {
        batchSize: 10,
        signal: stop.signal,
        onProgress: ({ done }) => {
          progress.push(done);
          if (done === 20) stop.abort();
        },
      },
    );
    expect(first).toMatchObject({ events: 20 });
    expect(progress).toEqual([10, 20]);
    expect(await prune(pool, { default: 0 })).toMatchObject({ events: 5 });
  });

  it("waits for nobody, and nobody waits for it", async () => {
    await publish(pool, [event("X"), event("X")]);
    const holder = await pool.connect();
    const other = await pool.connect();
    try {
      await holder.query("begin; select from event_bus.events where position = 1 for share");
      await other.query("begin; set lock_timeout = '1s'");
      expect(await prune(other, { default: 0 })).toMatchObject({ events: 1 });
      // It has not committed yet.
      await pool.query("set lock_timeout = '1s'");
      expect((await publish(pool, [event("X"), event("A")])).events).toHaveLength(2);
      await settle(4, 1, "delivered");
      await other.query("commit");
      await holder.query("commit");
    } finally {
      holder.release(true);
      other.release(true);
    }
    expect(await positions("events")).toEqual([1, 3, 4]);
  });

  it("refuses an age that is none", async () => {
    await expect(prune(pool, { default: "7 weeks" as never })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining('retention.default in prune() is "7 weeks"'),
    });
  });
});

describe("notes of deliveries that left no rows", () => {
  const notes = async () =>
    (
      await pool.query("select subscription_id as id, positions from event_bus.delivered order by id, lowest")
    ).rows.map(({ id, positions: noted }) => `${id}: ${noted.join()}`);
  const deliver = (subscriptionId: number, ...delivered: number[]) =>
    settleDeliveries(
      executorOf(pool),
      names,
      delivered.map((position) => ({
        ...{ position, subscriptionId, generation: 0, attempts: 1 },
        ...{ state: "delivered", keepsFailuresOnly: true, claim: "c" },
      })),
    );

  beforeEach(async () => {
    await pool.query("truncate event_bus.delivered");
    // A part of the log ends before 1024, a multiple of 128.
    await pool.query("select setval('event_bus.events_position_seq', 1021)");
    await publishOld(9, 9, 9, 9);
  });

  it("are of one part of the log each, and go with their events, in batches of any size", async () => {
    await deliver(1, 1022, 1023, 1024, 1025);
    await deliver(2, 1022, 1024);
    await deliver(2, 1023);
    await deliver(2, 1025);
    expect(await notes()).toEqual([
      "1: 1022,1023",
      "1: 1024,1025",
      "2: 1022",
      "2: 1023",
      "2: 1024",
      "2: 1025",
    ]);
    expect(await prune(pool, {}, { batchSize: 1 })).toMatchObject({ events: 4 });
    expect(await notes()).toEqual([]);
  });

  it("stay as long as one of their events does", async () => {
    await deliver(1, 1022, 1023, 1024, 1025);
    await deliver(2, 1022, 1024, 1025);
    await settle(1023, 2, "dead");
    expect(await prune(pool, {}, { batchSize: 1 })).toMatchObject({ events: 3 });
    expect(await notes()).toEqual(["1: 1022,1023"]);
    expect(await findDeliveries(executorOf(pool), names, { subscriber: "one" })).toMatchObject([
      { position: 1023, state: "delivered" },
    ]);
  });

  it("of events that are not old stay", async () => {
    await publishOld(1);
    for (const id of [1, 2]) await deliver(id, 1022, 1023, 1024, 1025, 1026);
    expect(await prune(pool)).toMatchObject({ events: 4 });
    expect(await notes()).toEqual(["1: 1024,1025,1026", "2: 1024,1025,1026"]);
  });
});
