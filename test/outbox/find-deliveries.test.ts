import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { type DeliveryFilter, findDeliveries } from "../../src/outbox/find-deliveries.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { unsubscribe } from "../../src/outbox/subscriptions.js";
import { laterRefusal, refusal } from "../registry/refusal.js";
import { testDatabase } from "../support/database.js";
import { event, publish, subscribe } from "./steps.js";

const { url, pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

const first = event("A", { aggregateType: "User", aggregateKey: "7", aggregate: { id: 1n } });
const error = { attempt: 1, name: "Error", message: "no", at: "2020-01-01T00:00:00.000Z" };

/** Events 1 to 6 of A, all in different states for `one`, waiting for `two`; event 7 of B for `two` alone. */
beforeAll(async () => {
  await subscribe(pool, "A", ["one", "two"]);
  await subscribe(pool, "B", ["two"]);
  await publish(pool, [first, ...Array.from({ length: 5 }, () => event("A")), event("B"), event("C")]);
  await subscribe(pool, "A", ["late"]);
  await unsubscribe(executorOf(pool), names, "two", "B");
  const states = ["retrying", "snoozed", "delivered", "cancelled", "dead"] as const;
  await settleDeliveries(
    executorOf(pool),
    names,
    states.map((state, index) => ({
      position: index + 1,
      ...{ subscriptionId: 1, generation: 0, attempts: 1, state, dueMs: 60_000 },
      ...(state === "retrying" ? { error } : {}),
    })),
  );
});

describe.each<[string, Queryable]>([
  ["pg", pool],
  ["Prisma", prisma],
])("findDeliveries by %s", (_, source) => {
  const find = (filter?: DeliveryFilter) => findDeliveries(executorOf(source), names, filter);
  const places = async (filter?: DeliveryFilter) =>
    (await find(filter)).map(({ position, subscriber }) => `${position} ${subscriber}`);

  it("finds every delivery by position and subscription, where it stands", async () => {
    const all = await find();
    expect(all.map(({ position, subscriber, state }) => `${position} ${subscriber} ${state}`)).toEqual([
      ...[
        "1 one retrying",
        "1 two waiting",
        "2 one snoozed",
        "2 two waiting",
        "3 one delivered",
        "3 two waiting",
      ],
      ...[
        "4 one cancelled",
        "4 two waiting",
        "5 one dead",
        "5 two waiting",
        "6 one waiting",
        "6 two waiting",
      ],
      "7 two waiting",
    ]);
    expect(all[0]).toEqual({
      eventId: first.id,
      position: 1,
      eventName: "A",
      aggregateType: "User",
      aggregateKey: "7",
      occurredAt: expect.any(Date),
      subscriber: "one",
      application: "app",
      subscriptionId: 1,
      state: "retrying",
      attempts: 1,
      generation: 1,
      errors: [error],
      errorCount: 1,
      reason: null,
      dueAt: expect.any(Date),
      finishedAt: null,
    });
    expect(all[1]).toMatchObject({ attempts: 0, generation: 0, errors: [], dueAt: null, finishedAt: null });
    expect(all[4]).toMatchObject({ state: "delivered", dueAt: null, finishedAt: expect.any(Date) });
  });

  it.each<[string, DeliveryFilter, string[]]>([
    ["a subscriber", { subscriber: "one", state: "waiting" }, ["6 one"]],
    ["several subscribers", { subscriber: ["one", "late"], position: 2 }, ["2 one"]],
    ["a subscriber that came later", { subscriber: "late" }, []],
    ["an event", { event: "B" }, ["7 two"]],
    ["several events", { event: ["B", "C"] }, ["7 two"]],
    ["an id", { eventId: first.id }, ["1 one", "1 two"]],
    ["a position", { position: 3 }, ["3 one", "3 two"]],
    ["an aggregate", { aggregateType: "User", aggregateKey: "7" }, ["1 one", "1 two"]],
    ["an aggregate in a state", { aggregateType: "User", aggregateKey: "7", state: "retrying" }, ["1 one"]],
    ["an aggregate that is not there", { aggregateType: "User", aggregateKey: "8" }, []],
    ["a type", { aggregateType: "User" }, ["1 one", "1 two"]],
    ["a key and states", { aggregateKey: "7", state: ["waiting", "retrying"] }, ["1 one", "1 two"]],
    ["a key and what is dead", { aggregateKey: "7", state: "dead" }, []],
    ["a state", { state: "dead" }, ["5 one"]],
    ["several states", { state: ["retrying", "snoozed"] }, ["1 one", "2 one"]],
    ["no state", { state: [] }, []],
    ["several conditions", { subscriber: "one", event: "A", position: 1, state: "retrying" }, ["1 one"]],
    ["conditions that exclude each other", { subscriber: "one", event: "B" }, []],
    ["a limit", { state: "waiting", limit: 2 }, ["1 two", "2 two"]],
    ["the last ones", { state: "waiting", limit: 2, last: true }, ["6 two", "7 two"]],
  ])("finds those of %s", async (_, filter, expected) => {
    expect(await places(filter)).toEqual(expected);
  });
});

describe.each<[string, Queryable]>([
  ["pg", pool],
  ["Prisma", prisma],
])("loadDeliveries by %s", (_, source) => {
  const load = (position: number, subscriptionId: number) =>
    loadDeliveries(executorOf(source), names, [{ position, subscriptionId }]).then(([loaded]) => loaded);

  it("reads the event and where its delivery stands", async () => {
    const loaded = await load(1, 1);
    expect(loaded).toMatchObject({
      state: "retrying",
      generation: 1,
      attempts: 1,
      insertedAt: expect.any(Date),
      eventId: first.id,
      eventName: "A",
      aggregateKey: "7",
    });
    expect(loaded?.event()).toMatchObject({ ...first, position: 1, occurredAt: loaded?.insertedAt });
  });

  it("reads a delivery to which nothing happened yet", async () => {
    expect(await load(6, 1)).toMatchObject({
      state: "waiting",
      generation: 0,
      attempts: 0,
      aggregateKey: null,
    });
  });

  it("reads nothing of an event that is gone", async () => {
    expect(await load(999, 1)).toBeUndefined();
  });

  it("fails only when the event is asked for, where it cannot be decoded", async () => {
    const { rows } = await pool.query(
      `select position::integer from event_bus.publish(
         '[{"name": "Odd", "aggregate": {"id": "x"}, "types": {"aggregate": {"id": "bigint"}}}]', 1)`,
    );
    const loaded = await load(rows[0].position, 1);
    expect(loaded).toMatchObject({ eventName: "Odd", state: "waiting" });
    expect(refusal(() => loaded?.event())).toMatch(/^VALUE_NOT_READABLE at Odd\.aggregate\.id/);
    expect(await laterRefusal(async () => loaded?.event())).toMatch(/^VALUE_NOT_READABLE/);
  });
});
