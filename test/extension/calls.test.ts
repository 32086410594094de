import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const prisma = openBus(url, { statements });
const base = openClient(url);

const data = { email: "ann@example.org", posts: { create: { title: "one" } } };
const where = { id: 1 };
const rename = { name: "Ann" };

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({ data });
  statements.length = 0;
});

describe("a call that nobody awaits", () => {
  it("does nothing", async () => {
    const calls = [
      prisma.user.update({ where, data: rename }),
      prisma.user.update({ where, data: rename }).posts(),
      prisma.user.delete({ where }),
      prisma.user.createMany({ data: [] }),
      prisma.user.update({ where, data: { nope: 1 } as never }),
    ];
    expect(calls.map((call) => call[Symbol.toStringTag])).toEqual(calls.map(() => "PrismaPromise"));
    await setImmediate();
    await prisma.user.count();
    expect(statements).toHaveLength(1);
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });

  it("does nothing in a transaction", async () => {
    await prisma.$transaction(async (tx) => {
      void tx.user.update({ where, data: rename }).posts;
      tx.user.delete({ where });
      await tx.user.count();
    });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });
});

describe("a call that is awaited twice", () => {
  it("is executed as often as without the extension", async () => {
    const executions = async (db: typeof prisma) => {
      const call = db.product.upsert({
        where: { sku: "A" },
        create: { sku: "A", title: "Apple", price: 1 },
        update: { stock: { increment: 1 } },
      });
      await call;
      return (await call).stock;
    };
    const without = await executions(base as unknown as typeof prisma);
    await base.product.deleteMany();
    expect(await executions(prisma)).toBe(without);
    expect(await ledger.events()).toHaveLength(without + 1);
  });
});

describe("a fluent call", () => {
  const title = [{ id: 1, title: "one", body: null, authorId: 1 }];

  it("of one level is captured", async () => {
    expect(await prisma.user.update({ where, data: rename }).posts()).toEqual(title);
    expect(await ledger.event()).toMatchObject({
      aggregateKey: "1",
      changes: rename,
      initialData: { name: null },
    });
  });

  it("of two levels is captured", async () => {
    await base.profile.create({ data: { userId: 1, bio: "b" } });
    const user = await prisma.user
      .update({ where, data: rename })
      .profile()
      .user({ select: { name: true } });
    expect(user).toEqual(rename);
    expect(await ledger.event()).toMatchObject({ aggregateKey: "1", changes: rename });
  });

  it("holds the whole row, whatever is selected", async () => {
    await prisma.user.update({ where, data: rename, select: { id: true } }).posts({ select: { id: true } });
    const [row] = await base.user.findMany();
    expect((await ledger.event()).aggregate).toEqual(row);
  });

  it.each([
    ["create", () => prisma.user.create({ data: { email: "b" } }).posts(), "UserCreated"],
    [
      "upsert",
      () => prisma.user.upsert({ where, create: { email: "b" }, update: rename }).posts(),
      "UserUpdated",
    ],
    ["delete", () => prisma.user.delete({ where }).posts(), "UserDeleted"],
  ] as const)("of %s is captured", async (_, call, name) => {
    await call();
    expect(await ledger.names()).toEqual([name]);
  });

  it("accepts events and metadata", async () => {
    await prisma.user.update({ where, data: rename, eventMetadata: { actor: "me" } }).posts();
    expect((await ledger.event()).metadata.actor).toBe("me");
  });

  it("is captured in a transaction and in a batch", async () => {
    await prisma.$transaction((tx) => tx.user.update({ where, data: rename }).posts());
    const [posts] = await prisma.$transaction([prisma.user.update({ where, data: { name: "Bob" } }).posts()]);
    expect(posts).toEqual(title);
    expect((await ledger.events()).map(({ initialData }) => initialData["name"])).toEqual([null, "Ann"]);
  });

  it("that finds nothing leaves nothing", async () => {
    const failure = prisma.user.update({ where: { id: 99 }, data: rename }).posts();
    await expect(failure).rejects.toMatchObject({ code: "P2025" });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
  });
});
