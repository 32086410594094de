import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url);
const base = openClient(url);

const where = { sku: "A" };
const more = { stock: { increment: 1 } };
const steps = async () =>
  (await ledger.events()).map(({ initialData, changes }) => [initialData["stock"], changes["stock"]]);
const chain = (length: number) => Array.from({ length }, (_, n) => [n, n + 1]);

beforeEach(async () => {
  await ledger.clear();
  await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
});

describe("calls at the same time", () => {
  it("take their turn in one transaction", async () => {
    await prisma.$transaction((tx) =>
      Promise.all(Array.from({ length: 8 }, () => tx.product.update({ where, data: more }))),
    );
    expect(await steps()).toEqual(chain(8));
    expect(await ledger.transactions()).toBe(1);
  });

  it("take their turn with calls that are not captured", async () => {
    const [, lines, count] = await prisma.$transaction((tx) =>
      Promise.all([
        tx.product.update({ where, data: more }),
        tx.orderLine.findMany(),
        tx.product.count(),
        tx.product.update({ where, data: more }),
        tx.$executeRaw`update "Product" set title = 'raw'`,
        tx.product.update({ where, data: more }),
      ]),
    );
    expect([lines, count]).toEqual([[], 1]);
    expect(await steps()).toEqual(chain(3));
  });

  it("take their turn on the outer client, each in a transaction of its own", async () => {
    await Promise.all(Array.from({ length: 12 }, () => prisma.product.update({ where, data: more })));
    expect(await steps()).toEqual(chain(12));
    expect(await ledger.transactions()).toBe(12);
  });

  it("of all kinds in one transaction are one chain", async () => {
    await prisma.$transaction((tx) =>
      Promise.all([
        tx.product.update({ where, data: more }),
        tx.product.upsert({ where, create: { sku: "A", title: "x", price: 2 }, update: more }),
        tx.product.create({ data: { sku: "B", title: "Banana", price: 2 } }),
        tx.product.update({ where, data: more }),
        tx.product.delete({ where: { sku: "B" } }),
      ]),
    );
    const ofA = (await ledger.events({ aggregateKey: "A" })).map(({ initialData }) => initialData["stock"]);
    expect(ofA).toEqual([0, 1, 2]);
    const ofB = (await ledger.events({ aggregateKey: "B" })).map(({ operation }) => operation);
    expect(ofB).toEqual(["create", "delete"]);
  });

  it("go on after one of them is refused before it reaches the database", async () => {
    const outcomes = await prisma.$transaction((tx) =>
      Promise.allSettled([
        tx.product.update({ where, data: more }),
        tx.product.update({ where, data: { nope: 1 } as never }),
        tx.product.updateMany({ data: { nope: 1 } as never }),
        tx.product.update({ where: { sku: "none" }, data: more }),
        tx.product.update({ where, data: more }),
      ]),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(await steps()).toEqual(chain(2));
  });
});

describe("a call beside a nested transaction that rolls back", () => {
  const rollback = (tx: Parameters<Parameters<typeof prisma.$transaction>[0]>[0]) =>
    tx.$transaction(async (nested) => {
      await nested.product.update({ where, data: { title: "lost" } });
      throw new Error("roll back");
    });

  it.each([
    [
      "before it",
      (tx: Parameters<typeof rollback>[0]) => [tx.product.update({ where, data: more }), rollback(tx)],
    ],
    [
      "after it",
      (tx: Parameters<typeof rollback>[0]) => [rollback(tx), tx.product.update({ where, data: more })],
    ],
  ] as const)("is committed with its event or not at all, when it is called %s", async (_, calls) => {
    const outcomes = await prisma.$transaction((tx) => Promise.allSettled<unknown>([...calls(tx)]));
    const [product] = await base.product.findMany();
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(product?.title).toBe("Apple");
    expect(await steps()).toEqual(product?.stock === 1 ? [[0, 1]] : []);
    expect(product?.stock).toBe(1);
  });

  it("is not part of the savepoint, however often", async () => {
    for (let round = 0; round < 10; round++) {
      await prisma.$transaction((tx) =>
        Promise.allSettled([
          tx.product.update({ where, data: more }),
          rollback(tx),
          tx.product.update({ where, data: more }),
        ]),
      );
    }
    expect(await steps()).toEqual(chain(20));
    expect(await base.product.findMany()).toMatchObject([{ title: "Apple", stock: 20 }]);
  });
});

describe("two nested transactions at the same time", () => {
  it("are each committed with their events or not at all", async () => {
    await base.product.create({ data: { sku: "B", title: "Banana", price: 1 } });
    const outcomes = await prisma.$transaction((tx) =>
      Promise.allSettled(
        ["A", "B"].map((sku) =>
          tx.$transaction(async (nested) => {
            await nested.product.update({ where: { sku }, data: more });
            await nested.product.update({ where: { sku }, data: more });
          }),
        ),
      ),
    );
    const products = await base.product.findMany({ orderBy: { sku: "asc" } });
    const stocks = outcomes.map(({ status }) => (status === "fulfilled" ? 2 : 0));
    expect(products.map(({ stock }) => stock)).toEqual(stocks);
    for (const [index, sku] of ["A", "B"].entries()) {
      expect(await ledger.events({ aggregateKey: sku })).toHaveLength(stocks[index] as number);
    }
  });

  it("leave the transaction usable when one is refused", async () => {
    await prisma.$transaction(async (tx) => {
      const outcomes = await Promise.allSettled(
        [1, 2].map(() => tx.$transaction((nested) => nested.product.update({ where, data: more }))),
      );
      expect(outcomes).toMatchObject([
        { status: "fulfilled" },
        { status: "rejected", reason: { message: "Concurrent nested transactions are not supported" } },
      ]);
      await tx.product.update({ where, data: more });
    });
    expect(await steps()).toEqual(chain(2));
  });
});
