import {
  crashAfterHandler,
  deliver,
  deliverConcurrently,
  deliveriesOf,
  deliverTwice,
  drain,
  failFirst,
  fakeEvent,
  publishedEvents,
  reorder,
} from "ex-event-bus/testing";

import { prisma } from "./db.js";
import { InvoiceDue, UserRegistered } from "./events.js";
import { failureOf } from "./failure-of.js";
import { afterAll, describe, expect, it } from "./runner.js";
import { greetTwice, keepBalance, mails, sendWelcome, subscribers } from "./subscribers.js";
import { register } from "./users.js";

// `migrate` has made the subscribers known to the template database.
afterAll(() => prisma.$disconnect());
const labels = async () => (await prisma.label.findMany()).map(({ name }) => name);
const observe = () => [...mails.values()];

describe("drain and toHaveDelivered", () => {
  it("deliver what was published", async () => {
    const id = await register(prisma, "ada@example.com");
    expect(await deliveriesOf(prisma, { subscriber: subscribers, state: "waiting" })).toHaveLength(3);
    await expect(prisma).not.toHaveDelivered(sendWelcome);
    expect(await drain({ prisma, subscribers })).toMatchObject({ delivered: 3, errors: [] });
    await expect(prisma).toHaveDelivered(sendWelcome, {
      aggregate: { email: "ada@example.com" },
      attempts: 1,
    });
    await expect(prisma).toHaveDelivered(keepBalance, { event: InvoiceDue, aggregateKey: id });
    expect(await labels()).toEqual([`${id}: 10`]);
  });

  it("tell what became of the others", async () => {
    await register(prisma, "bad@example.com");
    await register(prisma, "nobody@example.com");
    const result = await drain({ prisma, subscribers, subscriber: sendWelcome });
    expect(result).toMatchObject({
      delivered: 0,
      retrying: 1,
      cancelled: 1,
      errors: [{ subscriber: "send-welcome" }],
    });
    const failure = await failureOf(
      expect(prisma).toHaveDelivered(sendWelcome, { aggregate: { email: "bad@example.com" } }),
    );
    expect(failure).toContain("retrying, 1 attempt, the last error: Error: no such mailbox");
    const inAMinute = new Date(Date.now() + 60_000);
    const strict = drain({ prisma, subscribers: [sendWelcome], at: inAMinute, onError: "throw" });
    await expect(strict).rejects.toThrow("no such mailbox");
    await drain({ prisma, subscribers, at: inAMinute });
  });
});

describe("deliver and fakeEvent", () => {
  it("run a handler alone", async () => {
    const event = fakeEvent(UserRegistered, { aggregate: { email: "eve@example.com" } });
    expect(await deliver(sendWelcome, event, { prisma, attempt: 2 })).toEqual({ state: "delivered" });
    expect(mails.get(`${event.id}:send-welcome`)).toBe("eve@example.com");
    const nobody = fakeEvent(UserRegistered, { aggregate: { email: "nobody@example.com" } });
    expect(await deliver(sendWelcome, nobody)).toEqual({ state: "cancelled", reason: "there is nobody" });
    await deliver(keepBalance, fakeEvent(InvoiceDue, { aggregate: { total: 5 }, aggregateKey: "y" }), {
      prisma,
    });
    expect(await labels()).toContain("y: 5");
  });
});

describe("faults", () => {
  it("do to deliveries what can happen to them", async () => {
    mails.clear();
    await prisma.label.deleteMany();
    const ids = [await register(prisma, "a@example.com", 1), await register(prisma, "b@example.com", 2)];
    expect(await drain({ prisma, subscribers, faults: [crashAfterHandler] })).toMatchObject({ snoozed: 6 });
    expect(await labels()).toEqual([]);
    expect(await drain({ prisma, subscribers, faults: [reorder, deliverTwice] })).toMatchObject({
      delivered: 6,
    });
    expect((await labels()).sort()).toEqual(ids.map((id, index) => `${id}: ${index + 1}`).sort());
    const counts = [...mails.values()].filter((email) => email === "a@example.com").length;
    expect(counts).toBe(4); // one by send-welcome, three by greet-twice
  });

  it("leave transactional effects alone", async () => {
    await prisma.label.deleteMany();
    const id = await register(prisma, "c@example.com", 3);
    await drain({ prisma, subscribers, faults: [deliverConcurrently] });
    expect(await labels()).toEqual([`${id}: 3`]);
  });

  it("fail first", async () => {
    await register(prisma, "d@example.com");
    const at = new Date(Date.now() + 86_400_000);
    const result = await drain({
      prisma,
      subscribers,
      subscriber: "send-welcome",
      faults: [failFirst(2)],
      at,
    });
    expect(result).toMatchObject({ retrying: 2, delivered: 1 });
  });
});

describe("toBeIdempotent", () => {
  it("passes and fails", async () => {
    await expect(sendWelcome).toBeIdempotent(fakeEvent(UserRegistered), { observe });
    mails.clear();
    const reset = () => mails.clear();
    await expect(sendWelcome).toBeIdempotent(fakeEvent(UserRegistered), { observe, reset });
    await expect(greetTwice).not.toBeIdempotent(fakeEvent(UserRegistered), { observe });
    const event = fakeEvent(UserRegistered, {
      position: 7,
      aggregateKey: 1,
      aggregate: { email: "eve@example.com" },
    });
    mails.clear();
    expect(await failureOf(expect(greetTwice).toBeIdempotent(event, { observe }))).toContain(
      [
        "expect(subscriber).toBeIdempotent(UserRegistered)",
        "",
        '"greet-twice" did more when #7 UserRegistered (create User 1) was delivered a second time. What observe() returns:',
        '  ✗ [1]: nothing after the first time, now "eve@example.com"',
      ].join("\n"),
    );
  });

  it("makes the recorded delivery of a transactional subscriber", async () => {
    await prisma.$publish(InvoiceDue({ total: 99 }, { aggregateKey: "x" }));
    const [event] = await publishedEvents(prisma, { event: InvoiceDue, last: true, limit: 1 });
    if (event === undefined) throw new Error("nothing was published");
    await expect(keepBalance).toBeIdempotent(event, { prisma, observe: labels });
  });
});
