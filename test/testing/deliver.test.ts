import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { isEvent } from "../../src/registry/is-event.js";
import { deliver } from "../../src/testing/deliver.js";
import { fakeEvent } from "../../src/testing/fake-event.js";
import { publishedEvents } from "../../src/testing/published-events.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";

const { url } = await testDatabase();
const prisma = openBus(url);
const UserCreated = rules.User.create;
const Placed = defineEvent("Placed", { schema: z.object({ n: z.number() }) });

describe("deliver", () => {
  it("runs a handler with the event and a context like a worker's", async () => {
    const lines: unknown[] = [];
    const log = { debug() {}, info: (...line: unknown[]) => lines.push(line), warn() {}, error() {} };
    let received: unknown;
    const subscriber = defineSubscriber({
      name: "a",
      events: [UserCreated],
      retry: { maxAttempts: 5 },
      handle(event, ctx) {
        received = { event, ctx, isEvent: isEvent(event, UserCreated) };
        ctx.log.info("hello");
      },
    });
    const event = fakeEvent(UserCreated, { metadata: { actor: "admin" } });
    expect(await deliver(subscriber, event, { prisma, attempt: 3, log })).toEqual({ state: "delivered" });
    expect(received).toMatchObject({
      isEvent: true,
      event: {
        ...event,
        metadata: { actor: "admin", attempt: 3, maxAttempts: 5, insertedAt: event.occurredAt.toISOString() },
      },
      ctx: {
        subscriber: "a",
        attempt: 3,
        maxAttempts: 5,
        deliveryId: `${event.id}:a`,
        idempotencyKey: `${event.id}:a`,
        insertedAt: event.occurredAt,
        signal: expect.any(AbortSignal),
      },
    });
    expect((received as { ctx: { prisma: unknown } }).ctx.prisma).toBe(prisma);
    expect(lines).toHaveLength(1);
  });

  it("takes stored events and drafts", async () => {
    const seen: string[] = [];
    const subscriber = defineSubscriber({
      name: "a",
      events: [UserCreated, Placed],
      handle(event) {
        seen.push(event.name === "Placed" ? `placed ${event.aggregate.n}` : event.aggregate.email);
      },
    });
    await prisma.user.create({ data: { email: "ada@example.com" } });
    const [stored] = await publishedEvents(prisma, UserCreated);
    if (stored === undefined) throw new Error("nothing was published");
    await deliver(subscriber, stored);
    await deliver(subscriber, Placed({ n: 2 }));
    expect(seen).toEqual(["ada@example.com", "placed 2"]);
  });

  it("names the event as the cause of what the handler publishes", async () => {
    const subscriber = defineSubscriber({
      name: "a",
      events: [Placed],
      handle: () => prisma.label.create({ data: { name: "caused" } }).then(() => undefined),
    });
    const event = fakeEvent(Placed, { aggregate: { n: 1 }, metadata: { correlationId: "c" } });
    await deliver(subscriber, event, { prisma });
    await expect(publishedEvents(prisma, rules.Label.create)).resolves.toMatchObject([
      { metadata: { causationId: event.id, correlationId: "c" } },
    ]);
  });

  it("throws what the handler throws, and says when its time is up", async () => {
    const failing = defineSubscriber({
      name: "a",
      events: [Placed],
      handle: () => Promise.reject(new RangeError("no")),
    });
    await expect(deliver(failing, Placed({ n: 1 }))).rejects.toThrow(new RangeError("no"));
    const hanging = defineSubscriber({
      name: "a",
      events: [Placed],
      timeoutMs: 10,
      handle: () => new Promise(() => undefined),
    });
    await expect(deliver(hanging, Placed({ n: 1 }))).rejects.toMatchObject({ code: "HANDLER_TIMEOUT" });
  });

  it("returns what the handler asked for", async () => {
    const asking = (ask: "cancel" | "snooze" | "retryAfter") =>
      defineSubscriber({
        name: "a",
        events: [Placed],
        handle(_, ctx) {
          if (ask === "cancel") return ctx.cancel("gone");
          if (ask === "snooze") return ctx.snooze(10);
          return ctx.retryAfter(20, "busy");
        },
      });
    const event = Placed({ n: 1 });
    expect(await deliver(asking("cancel"), event)).toEqual({ state: "cancelled", reason: "gone" });
    expect(await deliver(asking("snooze"), event)).toEqual({ state: "snoozed", dueMs: 10 });
    expect(await deliver(asking("retryAfter"), event)).toEqual({
      state: "retrying",
      dueMs: 20,
      cause: "busy",
    });
  });

  it("runs a transactional handler in a transaction, which ends as the handler does", async () => {
    const writing = (end: "return" | "throw" | "cancel") =>
      defineSubscriber({
        name: "a",
        events: [Placed],
        transactional: true,
        async handle(_, ctx) {
          const tx = ctx.tx as never as typeof prisma;
          await tx.label.create({ data: { name: end } });
          if (end === "throw") throw new Error("no");
          if (end === "cancel") ctx.cancel("no");
        },
      });
    await deliver(writing("return"), Placed({ n: 1 }), { prisma });
    await expect(deliver(writing("throw"), Placed({ n: 1 }), { prisma })).rejects.toThrow("no");
    expect(await deliver(writing("cancel"), Placed({ n: 1 }), { prisma })).toMatchObject({
      state: "cancelled",
    });
    expect(await prisma.label.findMany({ where: { name: { not: "caused" } } })).toMatchObject([
      { name: "return" },
    ]);
    await expect(deliver(writing("return"), Placed({ n: 1 }))).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  });

  it("knows the events of the subscriber", () => {
    const subscriber = defineSubscriber({ name: "a", events: [UserCreated], handle: () => undefined });
    // @ts-expect-error it handles another event
    const other = deliver(subscriber, Placed({ n: 1 }));
    expectTypeOf(deliver(subscriber, fakeEvent(UserCreated))).resolves.toHaveProperty("state");
    return expect(other).rejects.toThrow(
      'event in deliver() is "Placed": expected one that "a" handles: UserCreated',
    );
  });

  it.each([
    [{}, fakeEvent(UserCreated), {}, "subscriber in deliver() is an object: expected a subscriber"],
    [subscriberOf(), { name: "UserCreated" }, {}, "event in deliver() is an object: expected an event"],
    [
      subscriberOf(),
      fakeEvent(UserCreated),
      { attempt: 0 },
      "attempt in deliver() is 0: expected a whole number",
    ],
    [subscriberOf(), fakeEvent(UserCreated), { client: 1 }, 'unknown option "client" in deliver()'],
  ])("refuses wrong use (%#)", async (subscriber, event, options, message) => {
    const call = deliver(subscriber as never, event as never, options as object);
    await expect(call).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
  });
});

function subscriberOf() {
  return defineSubscriber({ name: "a", events: [UserCreated], handle: () => undefined });
}
