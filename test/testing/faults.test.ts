import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventBus } from "../../src/extension/event-bus.js";
import { exponential } from "../../src/registry/backoff.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { deliveriesOf } from "../../src/testing/deliveries-of.js";
import { drain } from "../../src/testing/drain.js";
import {
  crashAfterHandler,
  deliverConcurrently,
  deliverTwice,
  failFirst,
  reorder,
} from "../../src/testing/faults.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { openClient } from "../extension/support/clients.js";
import { testDatabase } from "../support/database.js";

const { pool, url } = await testDatabase();
const Placed = defineEvent("Placed", { schema: z.object({ n: z.number() }) });
const prisma = openClient(url).$extends(eventBus({ events: [Placed] }));
type Tx = { label: { create(args: { data: { name: string } }): Promise<unknown> } };

beforeEach(async () => {
  await pool.query(
    'truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions, "Label" cascade',
  );
});

let seen: string[] = [];
const plain = defineSubscriber({
  name: "plain",
  events: [Placed],
  retry: { backoff: exponential({ jitter: 0 }) },
  handle(event, ctx) {
    seen.push(`${event.aggregate.n} ${ctx.attempt}`);
  },
});
const transactional = defineSubscriber({
  name: "transactional",
  events: [Placed],
  transactional: true,
  async handle(event, ctx) {
    seen.push(`${event.aggregate.n} ${ctx.attempt}`);
    await (ctx.tx as never as Tx).label.create({ data: { name: `${event.aggregate.n}` } });
  },
});

async function placed(subscriber: Subscriber, ...numbers: readonly number[]) {
  seen = [];
  await subscribe({ client: pool, subscribers: [subscriber] });
  await prisma.$publish(numbers.map((n) => Placed({ n })));
  return { prisma, subscribers: [subscriber] };
}
const labels = async () => (await prisma.label.findMany({ orderBy: { id: "asc" } })).map(({ name }) => name);

describe("crashAfterHandler", () => {
  it("has the next drain make the delivery again, without an attempt used up", async () => {
    const options = await placed(plain, 1);
    expect(await drain({ ...options, faults: [crashAfterHandler] })).toMatchObject({
      snoozed: 1,
      delivered: 0,
      errors: [],
    });
    expect(await drain(options)).toMatchObject({ snoozed: 0, delivered: 1 });
    expect(seen).toEqual(["1 1", "1 1"]);
    expect(await deliveriesOf(prisma)).toMatchObject([{ state: "delivered", attempts: 1, errors: [] }]);
  });

  it("takes back what a transactional subscriber has written", async () => {
    const options = await placed(transactional, 1);
    await drain({ ...options, faults: [crashAfterHandler] });
    expect(await labels()).toEqual([]);
    await drain(options);
    expect({ labels: await labels(), seen }).toEqual({ labels: ["1"], seen: ["1 1", "1 1"] });
  });

  it("lets a handler fail as it does", async () => {
    const failing = defineSubscriber({
      name: "failing",
      events: [Placed],
      handle: () => Promise.reject(new RangeError("no")),
    });
    const options = await placed(failing, 1);
    const result = await drain({ ...options, faults: [crashAfterHandler] });
    expect(result).toMatchObject({ retrying: 1, errors: [{ error: new RangeError("no") }] });
  });
});

describe("deliverTwice", () => {
  it("makes each delivery a second time in the same drain", async () => {
    const options = await placed(plain, 1, 2);
    expect(await drain({ ...options, faults: [deliverTwice] })).toMatchObject({ snoozed: 2, delivered: 2 });
    expect(seen.toSorted()).toEqual(["1 1", "1 1", "2 1", "2 1"]);
    expect(await drain(options)).toMatchObject({ delivered: 0 });
  });

  it("has the effect of a transactional subscriber once", async () => {
    const options = await placed(transactional, 1);
    await drain({ ...options, faults: [deliverTwice] });
    expect({ labels: await labels(), seen }).toEqual({ labels: ["1"], seen: ["1 1", "1 1"] });
  });
});

describe("deliverConcurrently", () => {
  it("runs a handler twice at the same time, and records one delivery", async () => {
    let running = 0;
    let together = 0;
    let arrived = () => {};
    const both = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const meeting = defineSubscriber({
      name: "meeting",
      events: [Placed],
      async handle() {
        running += 1;
        together = Math.max(together, running);
        if (running === 2) arrived();
        await both;
        running -= 1;
      },
    });
    const options = await placed(meeting, 1);
    expect(await drain({ ...options, faults: [deliverConcurrently] })).toMatchObject({ delivered: 1 });
    expect(together).toBe(2);
    expect(await deliveriesOf(prisma)).toMatchObject([{ state: "delivered", attempts: 1 }]);
  });

  it("runs the handler of a transactional subscriber once", async () => {
    const options = await placed(transactional, 1);
    expect(await drain({ ...options, faults: [deliverConcurrently] })).toMatchObject({ delivered: 1 });
    expect({ labels: await labels(), seen }).toEqual({ labels: ["1"], seen: ["1 1"] });
  });
});

describe("reorder", () => {
  it("delivers the latest event first", async () => {
    const options = await placed(plain, 1, 2, 3);
    await drain({ ...options, faults: [reorder] });
    expect(seen).toEqual(["3 1", "2 1", "1 1"]);
  });

  it("goes together with other faults", async () => {
    const options = await placed(plain, 1, 2);
    await drain({ ...options, faults: [reorder, deliverTwice] });
    expect(seen).toEqual(["2 1", "1 1", "2 1", "1 1"]);
  });
});

describe("failFirst", () => {
  it("fails the first attempts before the handler is called", async () => {
    const options = await placed(plain, 1);
    const first = await drain({ ...options, faults: [failFirst(2)] });
    expect(first).toMatchObject({
      retrying: 1,
      errors: [{ error: new Error("failFirst(2): attempt 1 fails") }],
    });
    const at = new Date(Date.now() + 60_000);
    expect(await drain({ ...options, faults: [failFirst(2)], at })).toMatchObject({
      retrying: 1,
      delivered: 1,
    });
    expect(seen).toEqual(["1 3"]);
    expect(await deliveriesOf(prisma)).toMatchObject([{ state: "delivered", attempts: 3 }]);
  });

  it("refuses anything but a whole number", () => {
    expect(() => failFirst(0)).toThrow("attempts in failFirst() is 0: expected a whole number from 1");
  });
});

describe("drain", () => {
  it("refuses what is no fault", async () => {
    const faults = [failFirst] as never;
    await expect(drain({ prisma, subscribers: [], faults })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message:
        "faults in drain() is an array: expected an array of faults, such as [deliverTwice, failFirst(2)]",
    });
  });
});
