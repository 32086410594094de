import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules, UserCreated } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url, { statements });
const prisma = base.$extends(eventBus({ events, capture: rules }));
const onlyUsers = base.$extends(eventBus({ events, capture: { User: { create: UserCreated } } }));

type Db = Pick<
  ReturnType<typeof openBus>,
  "user" | "post" | "profile" | "label" | "$transaction" | "$queryRaw"
>;
type Call = (db: Db) => PromiseLike<unknown>;

/** What a call sends to PostgreSQL, on a database that the same call was never made in. */
async function sent(db: unknown, call: Call): Promise<string[]> {
  await ledger.clear();
  await base.user.create({ data: { email: "ann@example.org" } });
  await base.post.create({ data: { title: "one", authorId: 1 } });
  await base.profile.create({ data: { bio: "b", userId: 1 } });
  statements.length = 0;
  await call(db as Db);
  return [...statements];
}

const isControl = (text: string) => /^(begin|commit|rollback|set |savepoint|release)/i.test(text);
const data = { email: "new@example.org" };
const where = { id: 1 };

beforeEach(async () => {
  // A client's first call may look at the catalog.
  await base.user.create({ data: { email: "first" } });
  await prisma.user.delete({ where: { email: "first" } });
});

describe("a call that is not captured", () => {
  const calls: readonly (readonly [string, Call])[] = [
    ["create of another model", (db) => db.profile.update({ where, data: { bio: "x" } })],
    ["update of another model", (db) => db.post.update({ where, data: { title: "x" } })],
    ["updateMany of another model", (db) => db.post.updateMany({ data: { title: "x" } })],
    [
      "nested write in other models",
      (db) => db.post.update({ where, data: { labels: { create: { name: "x" } } } }),
    ],
    ["connect by its own key", (db) => db.post.create({ data: { title: "x", author: { connect: where } } })],
    ["delete of another model", (db) => db.post.delete({ where })],
    [
      "upsert of another model",
      (db) => db.post.upsert({ where, create: { title: "x", authorId: 1 }, update: {} }),
    ],
    ["update, where only create is captured", (db) => db.user.update({ where, data: { name: "x" } })],
    ["delete, where only create is captured", (db) => db.user.delete({ where })],
    ["findMany", (db) => db.user.findMany({ include: { posts: true } })],
    ["findUnique", (db) => db.user.findUnique({ where }).posts()],
    ["count", (db) => db.user.count()],
    ["$queryRaw", (db) => db.$queryRaw`select 1`],
    ["a batch of reads", (db) => db.$transaction([db.user.count(), db.post.count()])],
    [
      "a batch of writes",
      (db) => db.$transaction([db.post.update({ where, data: { title: "x" } }), db.user.count()]),
    ],
    ["a transaction", (db) => db.$transaction((tx) => tx.post.update({ where, data: { title: "x" } }))],
  ];

  it.each(calls)("sends what it sends without the extension: %s", async (_, call) => {
    const without = await sent(base, call);
    expect(await sent(onlyUsers, call)).toEqual(without);
  });

  it("sends what it sends without the extension, in $withoutEvents", async () => {
    const call: Call = (db) => db.user.create({ data });
    const without = await sent(base, call);
    expect(await sent(prisma, () => prisma.$withoutEvents(() => prisma.user.create({ data })))).toEqual(
      without,
    );
  });
});

describe("a call that is captured", () => {
  const calls: readonly (readonly [string, number, Call])[] = [
    ["create", 1, (db) => db.user.create({ data })],
    ["create with select", 1, (db) => db.user.create({ data, select: { id: true } })],
    ["create with include", 1, (db) => db.user.create({ data, include: { posts: true } })],
    ["update", 2, (db) => db.user.update({ where, data: { name: "x" } })],
    ["update with select", 2, (db) => db.user.update({ where, data: { name: "x" }, select: { id: true } })],
    [
      "update with include",
      2,
      (db) => db.user.update({ where, data: { name: "x" }, include: { posts: true } }),
    ],
    ["fluent update", 2, (db) => db.user.update({ where, data: { name: "x" } }).posts()],
    [
      "upsert of a row that is there",
      2,
      (db) => db.user.upsert({ where, create: data, update: { name: "x" } }),
    ],
    ["upsert of a new row", 3, (db) => db.user.upsert({ where: data, create: data, update: { name: "x" } })],
    ["delete", 1, (db) => db.user.delete({ where })],
    ["delete with select", 1, (db) => db.user.delete({ where, select: { name: true } })],
  ];

  it.each(calls)("in a transaction, %s sends %i statements more", async (_, more, call) => {
    const inside: Call = (db) => db.$transaction((tx) => Promise.resolve(call(tx as unknown as Db)));
    const count = async (db: unknown) => (await sent(db, inside)).filter((text) => !isControl(text)).length;
    expect(await count(prisma)).toBe((await count(base)) + more);
  });

  it.each(calls)("bare, %s sends %i statements, BEGIN and COMMIT more", async (_, more, call) => {
    const without = await sent(base, call);
    const withIt = await sent(prisma, call);
    const count = (texts: string[]) => texts.filter((text) => !isControl(text)).length;
    expect(count(withIt)).toBe(count(without) + more);
    expect(withIt.filter(isControl)).toEqual(["BEGIN", "COMMIT"]);
  });

  it("publishes nothing when nothing changed", async () => {
    const texts = await sent(prisma, (db) => db.user.update({ where, data: { email: "ann@example.org" } }));
    expect(texts.filter((text) => text.includes("publish"))).toEqual([]);
  });

  it("stores several events with one statement", async () => {
    const client = base.$extends(
      eventBus({
        events,
        capture: { User: { create: [UserCreated, rules.User.update, rules.User.delete] } },
      }),
    );
    const texts = await sent(client, (db) => db.user.create({ data }));
    expect(texts.filter((text) => text.includes("publish"))).toHaveLength(1);
    expect(await ledger.names()).toHaveLength(3);
  });
});

describe("extending a client", () => {
  it("sends nothing", async () => {
    const texts: string[] = [];
    openBus(url, { statements: texts });
    await base.user.count();
    expect(texts).toEqual([]);
  });
});
