import { beforeEach, describe, expect, it } from "vitest";

import "../../src/vitest.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { EventOf } from "../../src/registry/event-type.js";
import { fakeEvent } from "../../src/testing/fake-event.js";
import { publishedEvents } from "../../src/testing/published-events.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { withRollback } from "../../src/testing/with-rollback.js";
import { openBus } from "../extension/support/clients.js";
import { rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";
import { failureOf } from "./failure-of.js";

const { pool, url } = await testDatabase();
const prisma = openBus(url);
const UserCreated = rules.User.create;
type UserCreatedEvent = EventOf<typeof UserCreated>;
interface Writer {
  label: {
    upsert(args: object): Promise<unknown>;
    create(args: object): Promise<unknown>;
  };
}

beforeEach(async () => {
  await pool.query(
    'truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions, users, "Label" restart identity cascade',
  );
});

const subscriberOf = (handle: (event: UserCreatedEvent, client: Writer) => unknown) =>
  defineSubscriber({
    name: "label",
    events: [UserCreated],
    handle: (event, ctx) => handle(event, ctx.prisma as never as Writer),
  });
const event = fakeEvent(UserCreated, {
  position: 12,
  aggregateKey: 3,
  aggregate: { email: "ada@example.com" },
});
const observe = () => prisma.label.findMany({ orderBy: { id: "asc" } });
const name = event.aggregate.email;

describe("toBeIdempotent", () => {
  it("passes when delivering again changes nothing", async () => {
    const upserts = subscriberOf((_, client) =>
      client.label.upsert({ where: { name }, create: { name }, update: { name } }),
    );
    await expect(upserts).toBeIdempotent(event, { prisma, observe });
  });

  it("says what differs after the second time", async () => {
    let n = 0;
    const creates = subscriberOf((_, client) => {
      n += 1;
      return client.label.create({ data: { name: `${n}` } });
    });
    await expect(creates).not.toBeIdempotent(event, { prisma, observe });
    await pool.query('truncate "Label" restart identity cascade');
    expect(
      await failureOf(expect(creates).toBeIdempotent(event, { prisma, observe })),
    ).toMatchInlineSnapshot(`
      "
      expect(subscriber).toBeIdempotent(UserCreated)

      "label" did more when #12 UserCreated (create User 3) was delivered a second time. What observe() returns:
        ✗ [1]: nothing after the first time, now Object { "id": 2, "name": "6", }
      "
    `);
  });

  it("looks into what is observed, and keeps what it saw", async () => {
    const account = { balance: 0, log: [] as string[] };
    const adds = subscriberOf(() => {
      account.balance += 10;
      account.log = ["added"];
    });
    expect(
      await failureOf(expect(adds).toBeIdempotent(event, { observe: () => account })),
    ).toMatchInlineSnapshot(`
      "
      expect(subscriber).toBeIdempotent(UserCreated)

      "label" did more when #12 UserCreated (create User 3) was delivered a second time. What observe() returns:
        ✗ balance: 10 after the first time, now 20
      "
    `);
  });

  it("finds what only happens to deliveries at the same time", async () => {
    let handled = 0;
    let running = 0;
    const races = subscriberOf(async () => {
      running += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (handled === 0 || running > 1) handled += 1;
      running -= 1;
    });
    expect(
      await failureOf(expect(races).toBeIdempotent(event, { observe: () => handled })),
    ).toMatchInlineSnapshot(`
      "
      expect(subscriber).toBeIdempotent(UserCreated)

      "label" did more when #12 UserCreated (create User 3) was delivered twice more, at the same time. What observe() returns:
        ✗ 1 after the first time, now 2
      "
    `);
  });

  it("with reset, finds a handler that is not alone between looking and writing", async () => {
    let labels = 0;
    let running = 0;
    const waiting: (() => void)[] = [];
    // All that run have looked, whichever connection was slow.
    const allHaveLooked = async () => {
      if (waiting.length + 1 < running) return new Promise<void>((resolve) => waiting.push(resolve));
      for (const go of waiting.splice(0)) go();
    };
    const looks = subscriberOf(async (_, client) => {
      running += 1;
      const isFirst = (await prisma.label.count()) === 0;
      await allHaveLooked();
      running -= 1;
      if (!isFirst) return;
      labels += 1;
      await client.label.create({ data: { name: `${labels}` } });
    });
    const count = () => prisma.label.count();
    await expect(looks).toBeIdempotent(event, { prisma, observe: count });
    const reset = () => prisma.label.deleteMany();
    await reset();
    const failure = expect(looks).toBeIdempotent(event, { prisma, observe: count, reset });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(subscriber).toBeIdempotent(UserCreated)

      "label" did more when #12 UserCreated (create User 3) was delivered to two at the same time, after reset(). What observe() returns:
        ✗ 1 after the first time, now 2
      "
    `);
  });

  it("with reset, tries again what a unique key has kept from its effect", async () => {
    const names = () => prisma.label.findMany({ select: { name: true } });
    const looks = subscriberOf(async (_, client) => {
      if ((await prisma.label.count()) === 0) await client.label.create({ data: { name } });
    });
    const reset = () => prisma.label.deleteMany();
    await expect(looks).toBeIdempotent(event, { prisma, observe: names, reset });
    await reset();
    const nothing = expect(looks).toBeIdempotent(event, { prisma, observe: names, reset: () => undefined });
    await expect(nothing).rejects.toThrow('reset in toBeIdempotent() did not undo what "label" had done');
  });

  class Mails {
    sent = 0;
    readonly self = this;
  }
  const map = new Map<unknown, number>();
  const pairs = new Map<unknown, number>();
  const set = new Set<unknown>();
  const bytes = new Uint8Array(1);
  const mails = new Mails();
  it.each([
    ["a Map", map, () => map.set(`n${map.size}`, 1)],
    ["a Map of objects", pairs, () => pairs.set({}, 1)],
    ["a Set", set, () => set.add({})],
    ["bytes", bytes, () => bytes.set([(bytes[0] ?? 0) + 1])],
    [
      "an object of a class, which refers to itself",
      mails,
      () => Object.assign(mails, { sent: mails.sent + 1 }),
    ],
  ] as const)("looks into %s", async (_, seen, add) => {
    const adds = subscriberOf(() => void add());
    const failure = expect(adds).toBeIdempotent(event, { observe: () => ({ seen, always: "there" }) });
    expect(await failureOf(failure)).toContain('"label" did more when');
  });

  it("shows forty of very many differences", async () => {
    const seen: number[] = [];
    const adds = subscriberOf(() => void seen.push(...Array.from({ length: 90 }, (_, n) => n)));
    const failure = expect(adds).toBeIdempotent(event, { observe: () => seen });
    expect(await failureOf(failure)).toMatch(/now 39\n {4}… and 50 more\n$/);
  });

  it("works in a transaction, where nothing runs at the same time", async () => {
    const nested = defineSubscriber({
      name: "nested",
      events: [UserCreated],
      transactional: true,
      handle: (_, ctx) => (ctx.tx as never as Writer).label.create({ data: { name } }),
    });
    await withRollback(prisma, async (tx) => {
      await subscribe({ client: tx, subscribers: [nested] });
      await tx.user.create({ data: { email: "ada@example.com" } });
      const [published] = await publishedEvents(tx, UserCreated);
      await expect(nested).toBeIdempotent(published ?? event, {
        prisma: tx,
        observe: () => tx.label.count(),
      });
      await tx.user.create({ data: { email: "bob@example.com" } });
    });
  });

  it("takes a handler that throws nothing in particular the second time for what it is", async () => {
    const handled: string[] = [];
    const refuses = subscriberOf(({ id }) => {
      if (handled.includes(id)) return Promise.reject();
      return handled.push(id);
    });
    const failure = expect(refuses).toBeIdempotent(event, { observe: () => handled });
    expect(await failureOf(failure)).toContain('"label" failed when');
  });

  it("says that the handler fails the second time", async () => {
    const handled: string[] = [];
    const refuses = subscriberOf(({ id }) => {
      if (handled.includes(id)) throw new RangeError("handled before");
      handled.push(id);
    });
    expect(
      await failureOf(expect(refuses).toBeIdempotent(event, { observe: () => handled })),
    ).toMatchInlineSnapshot(`
      "
      expect(subscriber).toBeIdempotent(UserCreated)

      "label" failed when #12 UserCreated (create User 3) was delivered a second time, and would be tried again until it is dead:
          RangeError: handled before
      "
    `);
  });

  it("with not, says that nothing changed", async () => {
    const seen = new Set<string>();
    const once = subscriberOf(({ id }) => seen.add(id));
    const failure = expect(once).not.toBeIdempotent(event, { observe: () => [...seen] });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(subscriber).not.toBeIdempotent(UserCreated)

      Delivering #12 UserCreated (create User 3) again changed nothing of what "label" had done.
      "
    `);
  });

  it("does not take a handler of which nothing is seen for idempotent", async () => {
    const idle = subscriberOf(() => undefined);
    const words = 'observe in toBeIdempotent() returned the same before and after "label" handled the event';
    await expect(expect(idle).toBeIdempotent(event, { observe: () => 1 })).rejects.toThrow(words);
    await expect(expect(idle).not.toBeIdempotent(event, { observe: () => 1 })).rejects.toThrow(words);
  });

  it("throws what the handler throws the first time", async () => {
    const failing = subscriberOf(() => Promise.reject(new RangeError("no")));
    await expect(expect(failing).not.toBeIdempotent(event, { observe: () => 1 })).rejects.toThrow(
      new RangeError("no"),
    );
  });

  it("makes recorded deliveries of transactional subscribers", async () => {
    const writes = defineSubscriber({
      name: "writes",
      events: [UserCreated],
      transactional: true,
      handle: ({ aggregate }, ctx) =>
        (ctx.tx as never as Writer).label.create({ data: { name: aggregate.email } }),
    });
    await subscribe({ client: prisma, subscribers: [writes] });
    await prisma.user.create({ data: { email: "ada@example.com" } });
    const [published] = await publishedEvents(prisma, UserCreated);
    if (published === undefined) throw new Error("nothing was published");
    await expect(writes).toBeIdempotent(published, { prisma, observe });
    const done = expect(writes).toBeIdempotent(published, { prisma, observe });
    await expect(done).rejects.toThrow('toBeIdempotent(): "writes" is transactional');
    await expect(done).rejects.toThrow("its delivery is delivered");
    const unknown = expect(writes).toBeIdempotent(event, { prisma, observe });
    await expect(unknown).rejects.toThrow("there is no delivery to it");
    const resets = expect(writes).toBeIdempotent(event, { prisma, observe, reset: () => undefined });
    await expect(resets).rejects.toThrow('expected none: "writes" is transactional');
    await expect(expect(writes).toBeIdempotent(event, { observe })).rejects.toThrow(
      "expected a Prisma client",
    );
  });

  it.each([
    [prisma, [event, { observe }], "the subscriber in expect(…).toBeIdempotent()"],
    [
      subscriberOf(() => undefined),
      [UserCreated, { observe }],
      "event in toBeIdempotent() is the function UserCreated",
    ],
    [subscriberOf(() => undefined), [event], "observe in toBeIdempotent() is undefined: expected a function"],
    [subscriberOf(() => undefined), [event, { observe, obsrve: 1 }], 'did you mean "observe"?'],
  ])("refuses wrong use (%#)", async (received, args, message) => {
    const loose = expect(received) as never as { toBeIdempotent(...all: unknown[]): Promise<void> };
    await expect(loose.toBeIdempotent(...args)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
  });
});
