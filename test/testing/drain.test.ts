import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import type { EventFilter } from "../../src/outbox/find-events.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { fixed } from "../../src/registry/backoff.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { EventDraft } from "../../src/registry/event-type.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { deliveriesOf } from "../../src/testing/deliveries-of.js";
import { drain } from "../../src/testing/drain.js";
import { publishedEvents } from "../../src/testing/published-events.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { testDatabase } from "../support/database.js";

const { pool, url } = await testDatabase();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

const Placed = defineEvent("Placed", { schema: z.object({ n: z.number(), at: z.date().optional() }) });
const Shipped = defineEvent("Shipped", { schema: z.object({ n: z.number() }) });

const publishOn = (client: Queryable, ...drafts: EventDraft[]) =>
  publishEvents(
    executorOf(client),
    DEFAULT_SCHEMA_NAMES,
    drafts.map((draft) => encodeEvent(draft, { maxEventBytes: 1_000_000 })),
  );
const known = async (...subscribers: readonly Subscriber[]) => {
  await subscribe({ client: pool, subscribers });
  return subscribers;
};
const inOneDay = () => new Date(Date.now() + 86_400_000);

beforeEach(async () => {
  await pool.query("truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions");
});

describe("drain", () => {
  it("makes what waits, in the order of the positions, and returns what became of it", async () => {
    const seen: string[] = [];
    const subscribers = await known(
      defineSubscriber({
        name: "a",
        events: [Placed],
        handle: (event) => void seen.push(`a ${event.aggregate.n}`),
      }),
      defineSubscriber({
        name: "b",
        events: [Placed],
        handle(event) {
          seen.push(`b ${event.aggregate.n}`);
          if (event.aggregate.n === 2) throw new Error("no");
        },
      }),
      defineSubscriber({
        name: "c",
        events: [Placed],
        retry: { maxAttempts: 1 },
        handle: () => Promise.reject(new TypeError("never")),
      }),
    );
    await publishOn(pool, Placed({ n: 1 }), Placed({ n: 2 }));
    const result = await drain({ client: pool, subscribers });
    expect(seen).toEqual(["a 1", "b 1", "a 2", "b 2"]);
    expect(result).toEqual({
      delivered: 3,
      retrying: 1,
      dead: 2,
      cancelled: 0,
      snoozed: 0,
      errors: [
        {
          subscriber: "c",
          eventName: "Placed",
          eventId: expect.any(String),
          attempt: 1,
          error: new TypeError("never"),
        },
        {
          subscriber: "b",
          eventName: "Placed",
          eventId: expect.any(String),
          attempt: 1,
          error: new Error("no"),
        },
        {
          subscriber: "c",
          eventName: "Placed",
          eventId: expect.any(String),
          attempt: 1,
          error: new TypeError("never"),
        },
      ],
    });
    expect(await drain({ client: pool, subscribers })).toMatchObject({ delivered: 0, retrying: 0, dead: 0 });
  });

  it("works with a Prisma client, which handlers receive", async () => {
    let received: unknown;
    const subscribers = await known(
      defineSubscriber({
        name: "a",
        events: [Placed],
        handle: (_, ctx) => {
          received = ctx.prisma;
        },
      }),
    );
    await publishOn(prisma, Placed({ n: 1 }));
    expect(await drain({ prisma, subscribers })).toMatchObject({ delivered: 1 });
    expect(received).toBe(prisma);
    expect(await deliveriesOf(prisma, { state: "delivered" })).toHaveLength(1);
  });

  it("does everything in the transaction whose client it is given", async () => {
    const subscribers = await known(
      defineSubscriber({ name: "a", events: [Placed], handle: () => undefined }),
    );
    const rolledBack = prisma.$transaction(async (tx) => {
      await publishOn(tx, Placed({ n: 1 }));
      expect(await drain({ prisma: tx, subscribers })).toMatchObject({ delivered: 1 });
      expect(await deliveriesOf(tx)).toMatchObject([{ state: "delivered" }]);
      throw new Error("roll back");
    });
    await expect(rolledBack).rejects.toThrow("roll back");
    expect(await publishedEvents(prisma)).toEqual([]);
    expect(await deliveriesOf(prisma)).toEqual([]);
  });

  it("makes the deliveries of events that handlers publish, unless it is told not to", async () => {
    const places = defineSubscriber({
      name: "places",
      events: [Placed],
      handle: async (event) => void (await publishOn(pool, Shipped({ n: event.aggregate.n }))),
    });
    const ships = defineSubscriber({ name: "ships", events: [Shipped], handle: () => undefined });
    await subscribe({ client: pool, subscribers: [places, ships] });
    await publishOn(pool, Placed({ n: 1 }));
    expect(await drain({ client: pool, subscribers: [places, ships], cascade: false })).toMatchObject({
      delivered: 1,
    });
    expect(await deliveriesOf(pool, ships)).toMatchObject([{ state: "waiting" }]);
    await publishOn(pool, Placed({ n: 2 }));
    expect(await drain({ client: pool, subscribers: [places, ships] })).toMatchObject({ delivered: 3 });
  });

  it("ends where events lead to events without an end", async () => {
    const endless = defineSubscriber({
      name: "endless",
      events: [Placed],
      handle: ({ aggregate: { n } }) => publishOn(pool, Placed({ n: n + 1 })),
    });
    const subscribers = await known(endless);
    await publishOn(pool, Placed({ n: 1 }));
    await expect(drain({ client: pool, subscribers })).rejects.toMatchObject({
      code: "ENDLESS_CASCADE",
      message: expect.stringContaining('there are more: Placed for "endless". Look for a subscriber'),
    });
    expect(await deliveriesOf(pool, { state: "delivered" })).toHaveLength(200);
  });

  it("makes only the deliveries of one subscriber, or of one event", async () => {
    const both = defineSubscriber({ name: "both", events: [Placed, Shipped], handle: () => undefined });
    const other = defineSubscriber({ name: "other", events: [Placed], handle: () => undefined });
    const subscribers = [both, other];
    await subscribe({ client: pool, subscribers });
    await publishOn(pool, Placed({ n: 1 }), Shipped({ n: 1 }));
    expect(await drain({ client: pool, subscribers, event: Shipped })).toMatchObject({ delivered: 1 });
    expect(await drain({ client: pool, subscribers, subscriber: "other" })).toMatchObject({ delivered: 1 });
    expect(await drain({ client: pool, subscribers, subscriber: both, event: "Placed" })).toMatchObject({
      delivered: 1,
    });
  });

  it("does not repeat what fails, however soon it is due again", async () => {
    const subscribers = await known(
      defineSubscriber({
        name: "a",
        events: [Placed],
        retry: { backoff: fixed(0) },
        handle: () => Promise.reject(new Error("no")),
      }),
    );
    await publishOn(pool, Placed({ n: 1 }));
    expect(await drain({ client: pool, subscribers })).toMatchObject({ retrying: 1 });
    expect(await drain({ client: pool, subscribers })).toMatchObject({ retrying: 1 });
    expect(await deliveriesOf(pool)).toMatchObject([{ attempts: 2 }]);
  });

  it("leaves what is not due yet", async () => {
    const subscribers = await known(
      defineSubscriber({ name: "later", events: [Placed], delayMs: 60_000, handle: () => undefined }),
      defineSubscriber({
        name: "fails",
        events: [Placed],
        retry: { backoff: fixed(60_000) },
        handle: (_, ctx) => (ctx.attempt === 1 ? Promise.reject(new Error("no")) : undefined),
      }),
    );
    await publishOn(pool, Placed({ n: 1 }));
    expect(await drain({ client: pool, subscribers })).toMatchObject({ delivered: 0, retrying: 1 });
    expect(await drain({ client: pool, subscribers })).toMatchObject({ delivered: 0, retrying: 0 });
    expect(await drain({ client: pool, subscribers, at: inOneDay() })).toMatchObject({
      delivered: 2,
      retrying: 0,
    });
  });

  it("counts what is cancelled and put off, and makes it no error", async () => {
    const subscribers = await known(
      defineSubscriber({
        name: "a",
        events: [Placed],
        handle(event, ctx) {
          if (event.aggregate.n === 1) return ctx.cancel("not wanted");
          if (event.aggregate.n === 2) return ctx.snooze(60_000);
          if (event.aggregate.n === 3) return ctx.retryAfter(60_000, new Error("busy"));
          return undefined;
        },
      }),
    );
    await publishOn(pool, ...[1, 2, 3, 4].map((n) => Placed({ n })));
    expect(await drain({ client: pool, subscribers })).toMatchObject({
      delivered: 1,
      retrying: 1,
      dead: 0,
      cancelled: 1,
      snoozed: 1,
      errors: [{ attempt: 1, error: new Error("busy") }],
    });
    expect(await deliveriesOf(pool)).toMatchObject([
      { state: "cancelled", reason: "not wanted" },
      { state: "snoozed", attempts: 0 },
      { state: "retrying", attempts: 1 },
      { state: "delivered" },
    ]);
    expect(await drain({ client: pool, subscribers })).toMatchObject({
      delivered: 0,
      snoozed: 0,
      retrying: 0,
    });
  });

  it("repeats what fails as often as it is due by the time that it is given", async () => {
    const subscribers = await known(
      defineSubscriber({
        name: "a",
        events: [Placed],
        retry: { maxAttempts: 4, backoff: fixed(3_600_000) },
        handle: () => Promise.reject(new Error("no")),
      }),
    );
    await publishOn(pool, Placed({ n: 1 }));
    const result = await drain({ client: pool, subscribers, at: inOneDay() });
    expect(result).toMatchObject({ retrying: 3, dead: 1 });
    expect(result.errors.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  });

  it("throws what a handler throws, after it was recorded, with onError throw", async () => {
    const subscribers = await known(
      defineSubscriber({ name: "a", events: [Placed], handle: () => Promise.reject(new RangeError("no")) }),
    );
    await publishOn(pool, Placed({ n: 1 }), Placed({ n: 2 }));
    await expect(drain({ client: pool, subscribers, onError: "throw" })).rejects.toThrow(
      new RangeError("no"),
    );
    expect(await deliveriesOf(pool)).toMatchObject([
      { state: "retrying", attempts: 1 },
      { state: "waiting" },
    ]);
  });

  it("makes nothing of events that were published before the subscriber was known", async () => {
    const subscriber = defineSubscriber({ name: "a", events: [Placed], handle: () => undefined });
    await publishOn(pool, Placed({ n: 1 }));
    await known(subscriber);
    expect(await drain({ client: pool, subscribers: [subscriber] })).toMatchObject({ delivered: 0 });
  });

  it.each([
    [{ subscribers: [{}] }, "subscribers in drain() is an array: expected an array of subscribers"],
    [
      { subscribers: [], at: new Date(Number.NaN) },
      "at in drain() is an invalid Date: expected a valid Date",
    ],
    [{ subscribers: [], onError: "ignore" }, 'onError in drain() is "ignore": expected "collect" or "throw"'],
    [{ subscribers: [], subscriber: "a" }, 'subscriber in drain() is "a", which is not among subscribers'],
    [{ subscribers: [], cascading: true }, 'unknown option "cascading" in drain(): did you mean "cascade"?'],
  ])("refuses %o", async (options, message) => {
    const attempt = drain({ client: pool, ...options } as never);
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
  });

  it("refuses to work without a client", async () => {
    await expect(drain({ subscribers: [] })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("publishedEvents", () => {
  it("returns the events of a type, with the type's values", async () => {
    const at = new Date("2026-01-02T03:04:05.678Z");
    await publishOn(pool, Placed({ n: 1, at }), Shipped({ n: 2 }));
    const events = await publishedEvents(prisma, Placed);
    expect(events).toMatchObject([{ name: "Placed", aggregate: { n: 1, at } }]);
    expectTypeOf(events[0]?.aggregate.at).toEqualTypeOf<Date | undefined>();
  });

  it("returns what fits a filter, or everything", async () => {
    await publishOn(
      pool,
      Placed({ n: 1 }, { aggregateKey: 1 }),
      Placed({ n: 2 }, { aggregateKey: 2 }),
      Shipped({ n: 3 }),
    );
    const numbers = async (client: Queryable, filter?: EventFilter) =>
      (await publishedEvents(client, filter)).map((event) => (event.aggregate as { n: number }).n);
    expect(await numbers(pool)).toEqual([1, 2, 3]);
    expect(await numbers(pool, { aggregateKey: "2" })).toEqual([2]);
    expect(await numbers(pool, { limit: 2, last: true })).toEqual([2, 3]);
  });

  it("sees what a transaction has published so far, and nobody else does", async () => {
    await prisma.$transaction(async (tx) => {
      await publishOn(tx, Placed({ n: 1 }));
      expect(await publishedEvents(tx, Placed)).toHaveLength(1);
      expect(await publishedEvents(pool, Placed)).toEqual([]);
    });
  });
});

describe("deliveriesOf", () => {
  it("returns those of a subscriber, or those that fit a filter", async () => {
    const a = defineSubscriber({ name: "a", events: [Placed], handle: () => undefined });
    const b = defineSubscriber({ name: "b", events: [Placed], handle: () => undefined });
    await known(a, b);
    await publishOn(pool, Placed({ n: 1 }));
    await drain({ client: pool, subscribers: [a] });
    expect(await deliveriesOf(prisma, a)).toEqual([
      {
        eventId: expect.any(String),
        position: expect.any(Number),
        eventName: "Placed",
        aggregateType: null,
        aggregateKey: null,
        occurredAt: expect.any(Date),
        subscriber: "a",
        application: "default",
        subscriptionId: expect.any(Number),
        state: "delivered",
        attempts: 1,
        errors: [],
        errorCount: 0,
        reason: null,
        dueAt: null,
        finishedAt: expect.any(Date),
      },
    ]);
    expect(await deliveriesOf(prisma, { state: "waiting" })).toMatchObject([{ subscriber: "b" }]);
    expect(await deliveriesOf(prisma)).toHaveLength(2);
  });

  it("says what is missing where the event bus is not installed", async () => {
    await expect(deliveriesOf(pool, {}, { database: { schema: "nowhere" } })).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
    });
    await expect(publishedEvents(prisma, {}, { database: { schema: "nowhere" } })).rejects.toMatchObject({
      code: "SCHEMA_MISSING",
    });
  });
});
