import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);

const where = { sku: "A" };
const more = { stock: { increment: 1 } };

beforeEach(async () => {
  await ledger.clear();
  await base.product.create({ data: { ...where, title: "Apple", price: 1 } });
});

describe("a pool of ten connections", () => {
  // Batches have Prisma's own limit, with the extension and without.
  const prisma = openBus(url, { max: 10, client: { transactionOptions: { maxWait: 30_000 } } });

  it("serves two hundred bare creates at once", async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => prisma.user.create({ data: { email: `${n}@example.org` } })),
    );
    expect(await ledger.counts()).toEqual({ rows: 200, events: 200, jobs: 0 });
    expect(await ledger.transactions()).toBe(200);
  });

  it("serves two hundred bare updates of one row at once", async () => {
    await Promise.all(Array.from({ length: 200 }, () => prisma.product.update({ where, data: more })));
    const steps = (await ledger.events()).map(({ initialData }) => initialData["stock"]);
    expect(steps).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it("serves two hundred bare writes of every kind at once", async () => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const email = `${n}@example.org`;
        const key = { email };
        await prisma.user.upsert({ where: key, create: key, update: {} });
        await Promise.all([
          prisma.user.update({ where: key, data: { name: "x" }, select: { id: true } }),
          prisma.product.create({ data: { sku: email, title: "x", price: 1 } }),
          prisma.$transaction([prisma.label.create({ data: { name: email } })]),
        ]);
        await prisma.user.delete({ where: key });
      }),
    );
    expect(await ledger.counts()).toEqual({ rows: 0, events: 250, jobs: 0 });
  });
});

describe("a pool of one connection", () => {
  const prisma = openBus(url, { max: 1 });

  it("serves bare calls, several at once", async () => {
    await Promise.all([
      prisma.product.update({ where, data: more }),
      prisma.product.upsert({ where, create: { ...where, title: "", price: 1 }, update: more }),
      prisma.product.update({ where, data: more }).lines(),
      prisma.user.create({ data: { email: "a" }, include: { posts: true } }),
    ]);
    expect(await ledger.names()).toHaveLength(4);
  });

  it("serves the client of a transaction, nested ones and batches", async () => {
    await prisma.$transaction(async (tx) => {
      await tx.product.update({ where, data: more });
      await tx.$transaction((nested) => nested.product.update({ where, data: more }));
      await tx.$transaction([tx.product.update({ where, data: more }), tx.product.count()]);
      await Promise.all([tx.product.update({ where, data: more }), tx.product.update({ where, data: more })]);
      await tx.product.delete({ where, include: { lines: true } });
    });
    await prisma.$transaction([prisma.user.create({ data: { email: "a" } }), prisma.user.count()]);
    expect(await ledger.names()).toHaveLength(7);
  });

  it("goes on after failures of every kind", async () => {
    await expect(prisma.product.update({ where: { sku: "none" }, data: more })).rejects.toThrow();
    await expect(prisma.product.create({ data: { ...where, title: "", price: 1 } })).rejects.toThrow();
    await expect(prisma.product.deleteMany({ limit: -1 })).rejects.toThrow();
    await expect(prisma.product.update({ where, data: { nope: 1 } as never })).rejects.toThrow();
    await expect(prisma.setting.create({ data: { key: "k", value: "\0" } })).rejects.toThrow();
    await prisma.product.update({ where, data: more });
    expect(await ledger.names()).toEqual(["ProductUpdated"]);
    const { rows } = await pool.query(
      "select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'",
    );
    expect(rows).toEqual([]);
  });
});
