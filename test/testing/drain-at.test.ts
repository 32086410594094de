import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { fixed } from "../../src/registry/backoff.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { SubscriberOptions } from "../../src/registry/subscriber.js";
import { deliveriesOf } from "../../src/testing/deliveries-of.js";
import { drain } from "../../src/testing/drain.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();
const Placed = defineEvent("Placed", { schema: z.object({ n: z.number() }) });
const Shipped = defineEvent("Shipped", { schema: z.object({ n: z.number() }) });
const HOUR = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR);

const publish = () =>
  publishEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES, [
    encodeEvent(Placed({ n: 1 }), { maxEventBytes: 1_000 }),
  ]);
const fails = (retry: SubscriberOptions<string, [typeof Placed]>["retry"]) =>
  defineSubscriber({
    name: "fails",
    events: [Placed],
    ...(retry === undefined ? {} : { retry }),
    handle: () => Promise.reject(new Error("no")),
  });

beforeEach(async () => {
  await pool.query("truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions");
});

describe("drain at a time", () => {
  it("ends when a delivery is put off, as one is that its subscriber does not handle", async () => {
    const before = defineSubscriber({ name: "a", events: [Placed, Shipped], handle: () => undefined });
    const now = defineSubscriber({ name: "a", events: [Shipped], handle: () => undefined });
    await subscribe({ client: pool, subscribers: [before] });
    await publish();
    const result = await drain({ client: pool, subscribers: [now], at: inHours(9_000) });
    expect(result).toMatchObject({ delivered: 0, snoozed: 1, errors: [] });
    expect(await deliveriesOf(pool)).toMatchObject([{ state: "snoozed", attempts: 0 }]);
  });

  it("adds up the waits of a delivery, and makes no attempt that is due later", async () => {
    const subscribers = [fails({ maxAttempts: 100, backoff: fixed(HOUR) })];
    await subscribe({ client: pool, subscribers });
    await publish();
    const result = await drain({ client: pool, subscribers, at: inHours(3.5) });
    // At once, and after one, two and three hours.
    expect(result).toMatchObject({ retrying: 4, dead: 0 });
  });
});

describe("a backoff function that throws", () => {
  const broken = fails({
    backoff: () => {
      throw new Error("my backoff is wrong");
    },
  });
  const wrong = { code: "INVALID_OPTION", message: expect.stringContaining("backoff") };

  it("is among the errors", async () => {
    await subscribe({ client: pool, subscribers: [broken] });
    await publish();
    const { errors } = await drain({ client: pool, subscribers: [broken] });
    expect(errors).toMatchObject([
      { subscriber: "fails", eventName: "Placed", attempt: 1, error: { message: "no" } },
      { subscriber: "fails", eventName: "Placed", attempt: 1, error: wrong },
    ]);
  });

  it("is thrown with onError throw", async () => {
    await subscribe({ client: pool, subscribers: [broken] });
    await publish();
    await expect(drain({ client: pool, subscribers: [broken], onError: "throw" })).rejects.toMatchObject(
      wrong,
    );
  });
});
