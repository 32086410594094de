import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { deliveries, events, status, subscribersOf, unsubscribe } from "../../src/admin.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { drain, subscribe } from "../../src/testing.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();
const Placed = defineEvent("Placed", { schema: z.object({ n: z.number() }) });
const Shipped = defineEvent("Shipped", { schema: z.object({ n: z.number() }) });
const mails = defineSubscriber({ name: "mails", events: [Placed, Shipped], handle: () => undefined });
const fails = defineSubscriber({
  name: "fails",
  events: [Placed],
  retry: { maxAttempts: 1 },
  handle: () => Promise.reject(new Error("no")),
});
const bills = defineSubscriber({ name: "bills", events: [Placed], handle: () => undefined });

const publish = (n: number) =>
  publishEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES, [
    encodeEvent(Placed({ n }, { aggregateKey: n }), { maxEventBytes: 1_000 }),
  ]);

beforeEach(async () => {
  await pool.query("truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions");
  await subscribe({ client: pool, subscribers: [mails, fails] });
  await subscribe({ client: pool, subscribers: [bills], application: "billing" });
});

describe("subscribersOf", () => {
  it("returns the subscribers of all applications, for an event type or its name", async () => {
    const expected = [
      {
        id: expect.any(Number),
        event: "Placed",
        subscriber: "bills",
        application: "billing",
        isPaused: false,
      },
      {
        id: expect.any(Number),
        event: "Placed",
        subscriber: "fails",
        application: "default",
        isPaused: false,
      },
      {
        id: expect.any(Number),
        event: "Placed",
        subscriber: "mails",
        application: "default",
        isPaused: false,
      },
    ];
    expect(await subscribersOf(pool, Placed)).toEqual(expected);
    expect(await subscribersOf(pool, "Placed")).toEqual(expected);
    expect(await subscribersOf(pool, "Unknown")).toEqual([]);
  });
});

describe("unsubscribe", () => {
  it("ends one subscription, and later events do not go there", async () => {
    expect(await unsubscribe(pool, "mails", { event: Placed })).toEqual(["Placed"]);
    expect((await subscribersOf(pool, Placed)).map(({ subscriber }) => subscriber)).toEqual([
      "bills",
      "fails",
    ]);
    expect((await subscribersOf(pool, Shipped)).map(({ subscriber }) => subscriber)).toEqual(["mails"]);
    expect(await publish(1)).toMatchObject({ deliveries: 2 });
  });

  it("ends all subscriptions of a subscriber; what waits is still made", async () => {
    await publish(1);
    expect([...(await unsubscribe(pool, "mails"))].sort()).toEqual(["Placed", "Shipped"]);
    expect(await unsubscribe(pool, "mails")).toEqual([]);
    expect(await drain({ client: pool, subscribers: [mails] })).toMatchObject({ delivered: 1 });
  });

  it("is undone by subscribing again", async () => {
    await unsubscribe(pool, "mails");
    await subscribe({ client: pool, subscribers: [mails] });
    expect(await subscribersOf(pool, Shipped)).toHaveLength(1);
  });
});

describe("status", () => {
  it("counts the deliveries of each subscriber by state", async () => {
    await publish(1);
    await publish(2);
    await drain({ client: pool, subscribers: [fails] });
    await drain({ client: pool, subscribers: [mails], event: Placed });
    await publish(3);
    const none = { waiting: 0, dead: 0, oldestOpen: null };
    expect(await status(pool)).toMatchObject({
      workers: [],
      subscribers: [
        { ...none, subscriber: "bills", application: "billing", waiting: 3, oldestOpen: expect.any(Date) },
        { ...none, subscriber: "fails", waiting: 1, dead: 2, oldestOpen: expect.any(Date) },
        { ...none, subscriber: "mails", waiting: 1, oldestOpen: expect.any(Date) },
      ],
    });
  });
});

describe("events and deliveries", () => {
  it("return what fits the filter, the first or the last ones", async () => {
    for (const n of [1, 2, 3]) await publish(n);
    const keys = async (filter: Parameters<typeof events>[1]) =>
      (await events(pool, filter)).map(({ aggregateKey }) => aggregateKey);
    expect(await keys({})).toEqual(["1", "2", "3"]);
    expect(await keys({ limit: 2 })).toEqual(["1", "2"]);
    expect(await keys({ limit: 2, last: true })).toEqual(["2", "3"]);
    expect(await keys({ event: ["Shipped"] })).toEqual([]);
    const last = await deliveries(pool, { subscriber: "bills", limit: 1, last: true });
    expect(last).toMatchObject([{ subscriber: "bills", eventName: "Placed", state: "waiting", attempts: 0 }]);
    expect(last[0]).not.toHaveProperty("generation");
  });
});

describe("what is given", () => {
  const wrong = (value: object) => value as never;
  it.each([
    [
      () => unsubscribe(pool, "mails", wrong({ events: "Placed" })),
      'unknown option "events" in unsubscribe(): did you mean "event"?',
    ],
    [
      () => unsubscribe(pool, "mails", wrong({ event: null })),
      "event in unsubscribe() is null: expected an event",
    ],
    [
      () => unsubscribe(pool, "mails", { database: { schema: "pg_x" } }),
      'database.schema in unsubscribe() is "pg_x"',
    ],
    [() => status(pool, wrong({ schema: "x" })), 'unknown option "schema" in status()'],
    [() => status(pool, { database: wrong({ shema: "x" }) }), 'unknown option "database.shema" in status()'],
    [() => subscribersOf(pool, Placed, wrong({ schema: "x" })), 'unknown option "schema" in subscribersOf()'],
    [
      () => deliveries(pool, wrong({ subscribers: "mails" })),
      'unknown option "filter.subscribers" in deliveries(): did you mean "subscriber"?',
    ],
    [() => events(pool, wrong({ name: "Placed" })), 'unknown option "filter.name" in events()'],
    [
      () => subscribe(wrong({ client: pool, subscribers: [mails], aplication: "x" })),
      'unknown option "aplication" in subscribe(): did you mean "application"?',
    ],
    [
      () => subscribe({ client: pool, subscribers: wrong([{ name: "mails" }]) }),
      "subscribers in subscribe() is an array: expected an array of subscribers",
    ],
  ])("is checked, and nothing is done: %o", async (call, message) => {
    await expect(call()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
    expect(await subscribersOf(pool, Placed)).toHaveLength(3);
  });
});
