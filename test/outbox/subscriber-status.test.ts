import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { dueDeliveries } from "../../src/outbox/due-deliveries.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { advanceCheckpoints } from "../../src/outbox/maintenance.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { subscriberStatus } from "../../src/outbox/subscriber-status.js";
import { synchroniseSubscriptions, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { event, publish, subscribe, subscription } from "./steps.js";

const { url, pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

/**
 * Events 1 to 6 of A in all states for `one`, waiting for `past`, which has ended; 7 of A delivered to both; 8 of B for
 * `delayed`, which waits for a minute. `idle` has nothing, `gone` has ended without anything.
 */
beforeAll(async () => {
  await subscribe(pool, "A", ["one", "past"]);
  await publish(
    pool,
    Array.from({ length: 7 }, () => event("A")),
  );
  // Otherwise they occurred within one millisecond.
  await pool.query(
    "update event_bus.events set occurred_at = occurred_at - (8 - position) * interval '1 hour'",
  );
  await unsubscribe(executorOf(pool), names, "past");
  await synchroniseSubscriptions(executorOf(pool), names, "other", [
    subscription("B", "delayed", { delayMs: 60_000 }),
    subscription("C", "idle"),
    subscription("C", "gone"),
  ]);
  await unsubscribe(executorOf(pool), names, "gone");
  await publish(pool, [event("B")]);
  const first = { subscriptionId: 1, generation: 0, attempts: 1 };
  await settleDeliveries(executorOf(pool), names, [
    { ...first, position: 1, state: "delivered" },
    { ...first, position: 2, state: "cancelled" },
    { ...first, position: 3, state: "dead" },
    { ...first, position: 4, state: "retrying", dueMs: 0 },
    { ...first, position: 5, state: "snoozed", dueMs: 3_600_000, attempts: 0 },
    { ...first, position: 7, state: "delivered" },
    { ...first, subscriptionId: 2, position: 7, state: "delivered" },
  ]);
});

const sources: [string, Queryable][] = [
  ["pg", pool],
  ["Prisma", prisma],
];

// Checkpoints are moved up by workers: nothing may depend on whether and when they did.
describe.each([
  ["at first", async () => {}],
  ["when workers have noted what is done", () => advanceCheckpoints(executorOf(pool), names)],
])("%s", (_, before) => {
  beforeAll(before);

  describe.each(sources)("subscriberStatus by %s", (_, source) => {
    it("counts the deliveries of every subscriber by their state", async () => {
      const { rows } = await pool.query("select occurred_at as at from event_bus.events order by position");
      const none = {
        ...{ waiting: 0, retrying: 0, snoozed: 0, paused: 0, dead: 0 },
        ...{ isPaused: false, running: 0, deliveredPerMinute: 0, workers: 0, isOrphaned: true },
      };
      expect(await subscriberStatus(executorOf(source), names)).toEqual([
        {
          ...none,
          application: "app",
          subscriber: "one",
          ...{ waiting: 1, retrying: 1, snoozed: 1, dead: 1 },
          oldestOpen: rows[3].at,
        },
        { ...none, application: "app", subscriber: "past", waiting: 6, oldestOpen: rows[0].at },
        { ...none, application: "other", subscriber: "delayed", waiting: 1, oldestOpen: rows[7].at },
        { ...none, application: "other", subscriber: "idle", oldestOpen: null, isOrphaned: false },
      ]);
    });
  });

  describe.each(sources)("dueDeliveries by %s", (_, source) => {
    const due = async (filter: Parameters<typeof dueDeliveries>[2]) =>
      (await dueDeliveries(executorOf(source), names, filter)).map(
        ({ position, subscriber, generation, attempts }) =>
          `${position} ${subscriber} ${generation} ${attempts}`,
      );
    const later = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

    it("finds what waits and what is to be tried again by now, with what its wake-up carries", async () => {
      expect(await due({ subscribers: ["one", "delayed", "idle"] })).toEqual(["4 one 1 1", "6 one 0 0"]);
    });

    it("finds what waits for a subscriber that has ended", async () => {
      expect((await due({ subscribers: ["past"] })).length).toBe(6);
    });

    it("finds what is due by a later time, in the order of the events", async () => {
      expect(await due({ subscribers: ["delayed", "one"], at: later(2) })).toEqual([
        "4 one 1 1",
        "6 one 0 0",
        "8 delayed 0 0",
      ]);
      expect(await due({ subscribers: ["delayed", "one"], at: later(61) })).toEqual([
        ...["4 one 1 1", "5 one 1 0", "6 one 0 0"],
        "8 delayed 0 0",
      ]);
      expect(await due({ subscribers: ["one"], at: "2000-01-01T00:00:00Z" })).toEqual([]);
    });

    it("finds those of some events only", async () => {
      expect(await due({ subscribers: ["one", "delayed"], events: ["B"], at: later(61) })).toEqual([
        "8 delayed 0 0",
      ]);
      expect(await due({ subscribers: ["one"], events: [] })).toEqual([]);
      expect(await due({ subscribers: [] })).toEqual([]);
    });
  });
});
