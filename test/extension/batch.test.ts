import { setImmediate } from "node:timers/promises";

import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { events, rules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url);
const prisma = openBus(url, { statements });

const create = (email: string) => prisma.user.create({ data: { email }, select: { email: true } });

beforeEach(() => ledger.clear());

describe("$transaction([…])", () => {
  it("returns every result at its place and writes in one transaction", async () => {
    const results = await prisma.$transaction([
      create("a"),
      prisma.user.count(),
      prisma.user.update({ where: { email: "a" }, data: { name: "A" } }).posts(),
      prisma.$executeRaw`update users set nick_name = 'raw'`,
      prisma.user.findMany({ select: { name: true, nickName: true } }),
      prisma.$queryRaw`select 1 as one`,
      create("b"),
    ]);
    expect(results).toEqual([
      { email: "a" },
      1,
      [],
      1,
      [{ name: "A", nickName: "raw" }],
      [{ one: 1 }],
      { email: "b" },
    ]);
    expect(await ledger.names()).toEqual(["UserCreated", "UserUpdated", "UserCreated"]);
    expect(await ledger.transactions()).toBe(1);
  });

  it("sees in each call what the calls before it did", async () => {
    await prisma.$transaction([
      create("a"),
      prisma.user.update({ where: { email: "a" }, data: { name: "1" } }),
      prisma.user.update({ where: { email: "a" }, data: { name: "2" } }),
      prisma.user.delete({ where: { email: "a" } }),
    ]);
    expect((await ledger.events()).map(({ name, initialData }) => [name, initialData["name"]])).toEqual([
      ["UserCreated", undefined],
      ["UserUpdated", null],
      ["UserUpdated", "1"],
      ["UserDeleted", undefined],
    ]);
  });

  it("executes the same array again when it is given again", async () => {
    const calls = [create("a"), create("b")];
    await prisma.$transaction(calls);
    await pool.query("delete from users");
    await prisma.$transaction(calls);
    expect(await ledger.counts()).toEqual({ rows: 2, events: 4, jobs: 0 });
    expect(await ledger.transactions()).toBe(2);
  });

  it("executes an array whose first execution failed", async () => {
    const calls = [create("a"), create("b")];
    await base.user.create({ data: { email: "b" } });
    await expect(prisma.$transaction(calls)).rejects.toMatchObject({ code: "P2002" });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 0, jobs: 0 });
    await base.user.deleteMany();
    await prisma.$transaction(calls);
    expect(await ledger.counts()).toEqual({ rows: 2, events: 2, jobs: 0 });
  });

  it("executes one promise at each of its places", async () => {
    await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
    const more = prisma.product.update({ where: { sku: "A" }, data: { stock: { increment: 1 } } });
    const results = await prisma.$transaction([more, more, more]);
    expect(results.map(({ stock }) => stock)).toEqual([1, 2, 3]);
    expect((await ledger.events()).map(({ initialData }) => initialData["stock"])).toEqual([0, 1, 2]);
  });

  it("rolls everything back when a later call fails", async () => {
    await expect(prisma.$transaction([create("a"), create("b"), create("a")])).rejects.toMatchObject({
      code: "P2002",
    });
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("includes promises of the client that was extended, without events", async () => {
    const extended = base.$extends(eventBus({ events, capture: rules }));
    const both = () =>
      extended.$transaction([
        extended.user.create({ data: { email: "a" } }),
        base.user.create({ data: { email: "b" } }),
      ]);
    await both();
    expect(await ledger.counts()).toEqual({ rows: 2, events: 1, jobs: 0 });
    await expect(both()).rejects.toMatchObject({ code: "P2002" });
    await base.user.delete({ where: { email: "a" } });
    await expect(both()).rejects.toMatchObject({ code: "P2002" });
    expect(await ledger.counts()).toEqual({ rows: 1, events: 1, jobs: 0 });
  });

  it("is refused as by Prisma where an item is no call, and leaves no rejection of the calls before it unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      for (const other of [Promise.resolve(1), undefined, 5])
        for (const list of [
          [create("a"), create("b"), other],
          [prisma.user.count(), create("a"), other, create("b")],
          [other, create("a")],
        ])
          expect(() => prisma.$transaction(list as never)).toThrow("need to be Prisma Client promises");
      // Node reports a rejection after the microtasks of its turn.
      await setImmediate();
    } finally {
      process.off("unhandledRejection", note);
    }
    expect(unhandled).toEqual([]);
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("starts one transaction and nests nothing", async () => {
    statements.length = 0;
    await prisma.$transaction([create("a"), create("b")]);
    expect(statements.filter((text) => /^(begin|commit|savepoint|release)/i.test(text))).toEqual([
      "BEGIN",
      "COMMIT",
    ]);
  });

  it("runs the calls of concurrent batches apart", async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => prisma.$transaction([create(`a${n}`), create(`b${n}`)])),
    );
    expect(await ledger.counts()).toEqual({ rows: 40, events: 40, jobs: 0 });
    expect(await ledger.transactions()).toBe(20);
  });
});

describe("tx.$transaction([…])", () => {
  it("is a savepoint of the transaction: gone when that is rolled back", async () => {
    const failure = prisma.$transaction(async (tx) => {
      await tx.$transaction([
        tx.user.create({ data: { email: "a" } }),
        tx.user.create({ data: { email: "b" } }),
      ]);
      throw new Error("roll back");
    });
    await expect(failure).rejects.toThrow("roll back");
    expect(await ledger.counts()).toEqual({ rows: 0, events: 0, jobs: 0 });
  });

  it("takes its turn when several are called at once", async () => {
    await prisma.$transaction((tx) =>
      Promise.all(
        ["a", "b", "c"].map((email) =>
          tx.$transaction([tx.user.create({ data: { email } }), tx.user.count()]),
        ),
      ),
    );
    expect(await ledger.counts()).toEqual({ rows: 3, events: 3, jobs: 0 });
    expect(await ledger.transactions()).toBe(1);
  });
});
