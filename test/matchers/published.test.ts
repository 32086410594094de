import { beforeEach, describe, expect, it, vi } from "vitest";

import "../../src/vitest.js";
import { Prisma } from "../../prisma/generated/client/client.js";
import { openBus } from "../extension/support/clients.js";
import { defineEvent, rules } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";
import { failureOf } from "./failure-of.js";

const { pool, url } = await testDatabase();
const prisma = openBus(url);
const UserCreated = rules.User.create;
const UserUpdated = rules.User.update;
const UserDeleted = rules.User.delete;

beforeEach(async () => {
  await pool.query(
    'truncate event_bus.events, event_bus.deliveries, users, "Product" restart identity cascade',
  );
});

const ada = { email: "ada@example.com", name: "Ada" };
const register = (data: { email: string; name?: string } = ada) => prisma.user.create({ data });

describe("toHavePublished", () => {
  it("passes for an event of the type, whatever else it holds", async () => {
    await register();
    await expect(prisma).toHavePublished(UserCreated);
    await expect(prisma).toHavePublished(UserCreated, {
      aggregate: { email: "ada@example.com", role: "MEMBER" },
      changes: { name: "Ada" },
      initialData: { name: null },
      aggregateKey: 1,
      operation: "create",
      version: 1,
    });
    await expect(prisma).not.toHavePublished(UserUpdated);
    await expect(prisma).not.toHavePublished(UserCreated, { aggregate: { name: "Bob" } });
  });

  it("takes asymmetric matchers at any depth", async () => {
    await prisma.$withEventMetadata({ actor: { id: 7, roles: ["a", "b"] } }, () => register());
    await expect(prisma).toHavePublished(UserCreated, {
      id: expect.any(String),
      aggregate: expect.objectContaining({ name: "Ada" }),
      changes: { email: expect.stringContaining("@"), createdAt: expect.any(Date) },
      metadata: { actor: { roles: expect.arrayContaining(["b"]) } },
      aggregateKey: expect.stringMatching(/^\d$/),
    });
    await expect(prisma).not.toHavePublished(UserCreated, { changes: { email: expect.any(Number) } });
  });

  it("compares dates, decimals and bytes by what they stand for", async () => {
    await prisma.product.create({ data: { sku: "a", title: "A", price: "1.50" } });
    await expect(prisma).toHavePublished(rules.Product.create, {
      aggregate: { price: new Prisma.Decimal("1.5") },
    });
    await expect(prisma).not.toHavePublished(rules.Product.create, {
      aggregate: { price: new Prisma.Decimal("1.51") },
    });
    const user = await register();
    await expect(prisma).toHavePublished(UserCreated, {
      aggregate: { createdAt: new Date(user.createdAt) },
    });
  });

  it("sees what a transaction has published so far", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.user.create({ data: ada });
      await expect(tx).toHavePublished(UserCreated);
      await expect(prisma).not.toHavePublished(UserCreated);
    });
    await expect(pool).toHavePublished(UserCreated);
  });

  it("waits for what comes within a time", async () => {
    const later = expect(prisma).toHavePublished(UserCreated, {}, { withinMs: 20_000 });
    await register();
    await later;
  });

  it("with not, fails for what comes within the time", async () => {
    const later = failureOf(expect(prisma).not.toHavePublished(UserCreated, {}, { withinMs: 20_000 }));
    await register();
    expect(await later).toMatch("Expected not an event UserCreated within 20000 ms.");
  });

  it("measures the time by the real clock while a test has fake timers", async () => {
    vi.useFakeTimers();
    try {
      await expect(prisma).not.toHavePublished(UserCreated, {}, { withinMs: 50 });
      const failure = await failureOf(expect(prisma).toHavePublished(UserCreated, {}, { withinMs: 50 }));
      expect(failure).toMatch("Expected an event UserCreated within 50 ms");
    } finally {
      vi.useRealTimers();
    }
  });

  it("leaves out what was published before a position", async () => {
    await register();
    await expect(prisma).not.toHavePublished(UserCreated, {}, { after: 1 });
  });

  it("looks in the schema that it is told", async () => {
    const elsewhere = expect(prisma).toHavePublished(UserCreated, {}, { database: { schema: "elsewhere" } });
    await expect(elsewhere).rejects.toMatchObject({ code: "SCHEMA_MISSING" });
  });

  it("says what is different, and what was published besides", async () => {
    await register();
    await prisma.$withEventMetadata({ actor: "admin" }, () => register({ email: "bob@example.com" }));
    await prisma.user.update({ where: { id: 1 }, data: { name: "Countess" } });
    const failure = expect(prisma).toHavePublished(UserCreated, {
      aggregate: { email: "bob@example.com", name: expect.any(String) },
      metadata: { actor: "Admin" },
    });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(UserCreated)

      Expected an event UserCreated with:
          aggregate.email: "bob@example.com"
          aggregate.name: Any<String>
          metadata.actor: "Admin"

      The nearest is #2 UserCreated (create User 2):
          aggregate.email: "bob@example.com"
        ✗ aggregate.name: null
        ✗ metadata.actor: "admin"

      Also published, the latest last:
          #1 UserCreated (create User 1)
          #3 UserUpdated (update User 1)
      "
    `);
  });

  it("says that there is nothing of that type", async () => {
    await register();
    expect(
      await failureOf(expect(prisma).toHavePublished(UserDeleted, { aggregateKey: 1 })),
    ).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(UserDeleted)

      Expected an event UserDeleted with:
          aggregateKey: "1"

      What was published, the latest last:
          #1 UserCreated (create User 1)
      "
    `);
    await pool.query("truncate event_bus.events");
    expect(await failureOf(expect(prisma).toHavePublished(UserDeleted))).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(UserDeleted)

      Expected an event UserDeleted.

      Nothing was published.
      "
    `);
  });

  it("says that no client was given the event", async () => {
    const Unheard = defineEvent("Unheard", { model: "User" });
    expect(await failureOf(expect(prisma).toHavePublished(Unheard))).toContain(
      "No client in this process was given Unheard: is it among the events of eventBus()?",
    );
    expect(await failureOf(expect(prisma).toHavePublished(UserDeleted))).not.toContain("No client");
  });

  it("shows the latest ten of many, and long values shortened", async () => {
    for (let n = 1; n <= 12; n += 1) await register({ email: `${n}@example.com`, name: "x".repeat(500) });
    expect(
      await failureOf(expect(prisma).toHavePublished(UserCreated, { aggregate: { name: "y" } })),
    ).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(UserCreated)

      Expected an event UserCreated with:
          aggregate.name: "y"

      The nearest is #12 UserCreated (create User 12):
        ✗ aggregate.name: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…

      Also published, the latest last:
          … and more before
          #2 UserCreated (create User 2)
          #3 UserCreated (create User 3)
          #4 UserCreated (create User 4)
          #5 UserCreated (create User 5)
          #6 UserCreated (create User 6)
          #7 UserCreated (create User 7)
          #8 UserCreated (create User 8)
          #9 UserCreated (create User 9)
          #10 UserCreated (create User 10)
          #11 UserCreated (create User 11)
      "
    `);
  });

  it("says the nearest by what it has, and what a value is", async () => {
    const filled = { text: "t", int: 1, big: 5n, float: 1, bool: true, decimal: "1.10", date: new Date(0) };
    const data = { ...filled, bytes: Buffer.from([1, 2]), json: { list: [1, 2], deep: { a: 1, b: 2 } } };
    await prisma.everything.create({ data });
    await prisma.everything.create({ data: { ...data, json: [1] } });
    const failure = expect(prisma).toHavePublished(rules.Everything.create, {
      aggregate: {
        big: expect.any(Number),
        decimal: expect.stringContaining("1.1"),
        bytes: Buffer.from([1, 3]),
        json: { list: [1, 2], deep: { a: 1, b: 3 } },
      },
    });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(EverythingCreated)

      Expected an event EverythingCreated with:
          aggregate.big: Any<Number>
          aggregate.decimal: StringContaining "1.1"
          aggregate.bytes: Uint8Array [ 1, 3, ]
          aggregate.json.list[0]: 1
          aggregate.json.list[1]: 2
          aggregate.json.deep.a: 1
          aggregate.json.deep.b: 3

      The nearest is #1 EverythingCreated (create Everything 1):
        ✗ aggregate.big: 5n
        ✗ aggregate.decimal: Decimal "1.1"
        ✗ aggregate.bytes: Uint8Array [ 1, 2, ]
          aggregate.json.list[0]: 1
          aggregate.json.list[1]: 2
          aggregate.json.deep.a: 1
        ✗ aggregate.json.deep.b: 2

      Also published, the latest last:
          #2 EverythingCreated (create Everything 2)
      "
    `);
    await pool.query("truncate every_thing restart identity");
  });

  it("takes no Map, Set or promise for a part of everything", async () => {
    await prisma.setting.create({ data: { key: "a", value: {} } });
    await prisma.setting.create({ data: { key: "b", value: { a: 1 } } });
    for (const value of [new Map([["a", 1]]), new Set([1]), new Error("no"), /a/])
      await expect(prisma).not.toHavePublished(rules.Setting.create, { aggregate: { value } as never });
    await expect(prisma).toHavePublishedTimes(rules.Setting.create, 2, { aggregate: { value: {} } });
    await pool.query('truncate "Setting"');
  });

  it("shows forty of very many values, those that differ first", async () => {
    const value = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`n${n}`, n]));
    await prisma.setting.create({ data: { key: "a", value } });
    const expected = { aggregate: { value: { ...value, n98: -1 } } };
    const text = await failureOf(expect(prisma).toHavePublished(rules.Setting.create, expected));
    expect(text).toContain("    aggregate.value.n39: 39\n    … and 60 more\n");
    expect(text).toContain("SettingCreated (create Setting a):\n  ✗ aggregate.value.n98: 98\n\n");
    await pool.query('truncate "Setting"');
  });

  it("says after which position it looked", async () => {
    await register();
    expect(
      await failureOf(expect(prisma).toHavePublished(UserCreated, {}, { after: 1, withinMs: 1 })),
    ).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublished(UserCreated)

      Expected an event UserCreated within 1 ms (after position 1).

      Nothing was published after position 1.
      "
    `);
  });

  it("with not, says what it found", async () => {
    await register();
    await register({ email: "bob@example.com" });
    const failure = expect(prisma).not.toHavePublished(UserCreated, { aggregate: { name: "Ada" } });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).not.toHavePublished(UserCreated)

      Expected not an event UserCreated with:
          aggregate.name: "Ada"

      Found 1:
          #1 UserCreated (create User 1)

      Nothing else was published.
      "
    `);
  });
});

describe("toHavePublishedTimes", () => {
  it("passes for exactly so many", async () => {
    await expect(prisma).toHavePublishedTimes(UserCreated, 0);
    await register();
    await register({ email: "bob@example.com" });
    await expect(prisma).toHavePublishedTimes(UserCreated, 2);
    await expect(prisma).toHavePublishedTimes(UserCreated, 1, { aggregate: { name: "Ada" } });
    await expect(prisma).not.toHavePublishedTimes(UserCreated, 1);
  });

  it("of none looks for all of the time", async () => {
    const none = expect(prisma).toHavePublishedTimes(UserCreated, 0, {}, { withinMs: 20_000 });
    const failed = expect(none).rejects.toThrow("Expected 0 events UserCreated within 20000 ms.");
    await register();
    await failed;
  });

  it("says how many there are", async () => {
    await register();
    await register({ email: "bob@example.com" });
    const failure = expect(prisma).toHavePublishedTimes(UserCreated, 2, { aggregate: { name: "Ada" } });
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublishedTimes(UserCreated)

      Expected 2 events UserCreated with:
          aggregate.name: "Ada"

      Found 1:
          #1 UserCreated (create User 1)

      The nearest of the others is #2 UserCreated (create User 2):
        ✗ aggregate.name: null

      Nothing else was published.
      "
    `);
    expect(await failureOf(expect(prisma).not.toHavePublishedTimes(UserCreated, 2))).toMatchInlineSnapshot(`
      "
      expect(client).not.toHavePublishedTimes(UserCreated)

      Expected not 2 events UserCreated.

      Found 2:
          #1 UserCreated (create User 1)
          #2 UserCreated (create User 2)

      Nothing else was published.
      "
    `);
  });
});

describe("toHavePublishedInOrder", () => {
  beforeEach(async () => {
    await register();
    await register({ email: "bob@example.com" });
    await prisma.user.update({ where: { id: 1 }, data: { name: "Countess" } });
    await prisma.user.delete({ where: { id: 2 } });
  });

  it("passes when they came one after the other, with others between them", async () => {
    await expect(prisma).toHavePublishedInOrder([UserCreated, UserUpdated, UserDeleted]);
    await expect(prisma).toHavePublishedInOrder([
      [UserCreated, { aggregate: { email: "ada@example.com" } }],
      [UserDeleted, { aggregateKey: 2 }],
    ]);
    await expect(prisma).not.toHavePublishedInOrder([UserUpdated, UserCreated]);
    await expect(prisma).not.toHavePublishedInOrder([UserUpdated, UserUpdated]);
  });

  it("says which one is missing, and what comes next to it", async () => {
    const failure = expect(prisma).toHavePublishedInOrder([
      UserCreated,
      [UserUpdated, { changes: { name: "Duchess" } }],
      UserDeleted,
    ]);
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublishedInOrder(3 events)

      Expected in this order:
          #1 UserCreated (create User 1)
        ✗ UserUpdated
            changes.name: "Duchess"
        ✗ UserDeleted

      The nearest to the first that is missing is #3 UserUpdated (update User 1):
        ✗ changes.name: "Countess"

      What was published, the latest last:
          #1 UserCreated (create User 1)
          #2 UserCreated (create User 2)
          #3 UserUpdated (update User 1)
          #4 UserDeleted (delete User 2)
      "
    `);
  });

  it("says that one came too early", async () => {
    const failure = expect(prisma).toHavePublishedInOrder([UserDeleted, UserUpdated]);
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).toHavePublishedInOrder(2 events)

      Expected in this order:
          #4 UserDeleted (delete User 2)
        ✗ UserUpdated

      #3 UserUpdated (update User 1) came too early, or was needed for a step before.

      What was published, the latest last:
          #1 UserCreated (create User 1)
          #2 UserCreated (create User 2)
          #3 UserUpdated (update User 1)
          #4 UserDeleted (delete User 2)
      "
    `);
  });

  it("with not, says what it found", async () => {
    const failure = expect(prisma).not.toHavePublishedInOrder([UserUpdated, UserDeleted]);
    expect(await failureOf(failure)).toMatchInlineSnapshot(`
      "
      expect(client).not.toHavePublishedInOrder(2 events)

      Expected not in this order:
          #3 UserUpdated (update User 1)
          #4 UserDeleted (delete User 2)

      Also published, the latest last:
          #1 UserCreated (create User 1)
          #2 UserCreated (create User 2)
      "
    `);
  });
});

describe("wrong use", () => {
  const wrong = (assertion: Promise<unknown>) => expect(assertion).rejects;
  const matchersOf = (received: unknown) =>
    expect(received) as never as Record<string, (...args: unknown[]) => Promise<void>>;
  const call = (received: unknown, matcher: string, ...args: unknown[]) =>
    matchersOf(received)[matcher]?.(...args) ?? Promise.resolve();

  it.each([
    [
      undefined,
      "toHavePublished",
      [UserCreated],
      "expect(…).toHavePublished() was given undefined: expected a Prisma client",
    ],
    [Promise.resolve(), "toHavePublished", [UserCreated], "was given a promise: expected a Prisma client"],
    [
      prisma,
      "toHavePublished",
      [undefined],
      "event in toHavePublished() is undefined: expected an event type made by defineEvent: is it exported",
    ],
    [
      prisma,
      "toHavePublished",
      ["UserCreated"],
      'event in toHavePublished() is "UserCreated": expected an event type',
    ],
    [
      prisma,
      "toHavePublished",
      [UserCreated, { agregate: {} }],
      'unknown option "expected.agregate" in toHavePublished(): did you mean "aggregate"?',
    ],
    [
      prisma,
      "toHavePublished",
      [UserCreated, {}, { wihtinMs: 1 }],
      'unknown option "wihtinMs" in toHavePublished(): did you mean "withinMs"?',
    ],
    [
      prisma,
      "toHavePublished",
      [UserCreated, {}, { withinMs: -1 }],
      "withinMs in toHavePublished() is -1: expected a whole number of milliseconds",
    ],
    [
      prisma,
      "toHavePublished",
      [UserCreated, { aggregateKey: {} }],
      "aggregateKey in toHavePublished() is an object: expected a string, a number",
    ],
    [
      prisma,
      "toHavePublishedTimes",
      [UserCreated, { aggregate: {} }],
      "times in toHavePublishedTimes() is an object: expected a whole number",
    ],
    [
      prisma,
      "toHavePublishedInOrder",
      [UserCreated],
      "events in toHavePublishedInOrder() is the function UserCreated: expected an array",
    ],
    [
      prisma,
      "toHavePublishedInOrder",
      [[UserCreated, [UserUpdated, { changed: {} }]]],
      'unknown option "events[1].changed"',
    ],
    [prisma, "toHavePublishedInOrder", [[undefined]], "events[0] in toHavePublishedInOrder() is undefined"],
  ])("is refused, with and without not (%#)", async (received, matcher, args, words) => {
    const refusal = { code: "INVALID_OPTION", message: expect.stringContaining(words) };
    await wrong(call(received, matcher, ...args)).toMatchObject(refusal);
    const { not } = expect(received) as never as {
      not: Record<string, (...all: unknown[]) => Promise<void>>;
    };
    await wrong(not[matcher]?.(...args) ?? Promise.resolve()).toMatchObject(refusal);
  });
});
