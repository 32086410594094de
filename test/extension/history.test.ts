import { beforeEach, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { brokenLinks } from "./support/broken-links.js";
import { openBus, openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const prisma = openBus(url, { max: 16 });
const base = openClient(url);

type Tx = Parameters<Parameters<typeof prisma.$transaction>[0]>[0];
type Db = Pick<Tx, "product">;

const skus = ["A", "B", "C"];
const more = { stock: { increment: 1 } };
const codes = new Set(["P2002", "P2025", "P2034", "P2028", "P2010"]);

/** The same numbers for the same seed, so that a failure can be seen again. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

async function brokenHistories(): Promise<readonly string[]> {
  const rows = await base.product.findMany();
  const keys = new Set([...skus, ...rows.map(({ sku }) => sku)]);
  const broken: string[] = [];
  for (const sku of keys) {
    const events = await ledger.events({ aggregateType: "Product", aggregateKey: sku });
    broken.push(
      ...brokenLinks(events, rows.find((row) => row.sku === sku) ?? null).map((link) => `${sku} ${link}`),
    );
  }
  return broken;
}

/** Runs sixteen writers at once. What PostgreSQL or Prisma refuse for good reasons is not counted. */
async function runWriters(
  rounds: number,
  write: (random: (below: number) => number) => PromiseLike<unknown>,
) {
  let done = 0;
  const unexpected: unknown[] = [];
  const writer = async (seed: number) => {
    const random = randomNumbers(seed);
    for (let round = 0; round < rounds; round++) {
      try {
        await write(random);
        done += 1;
      } catch (error) {
        if (!codes.has((error as { code: string }).code)) unexpected.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, seed) => writer(seed)));
  expect(unexpected).toEqual([]);
  return done;
}

beforeEach(async () => {
  await ledger.clear();
  for (const sku of skus) await prisma.product.create({ data: { sku, title: sku, price: 1 } });
});

describe("the events of a row are one chain, with sixteen writers on three rows,", () => {
  it("when they update in bare calls", async () => {
    const done = await runWriters(12, (random) =>
      prisma.product.update({ where: { sku: skus[random(3)] as string }, data: more }),
    );
    expect(await brokenHistories()).toEqual([]);
    expect(done).toBe(192);
    expect(await ledger.names()).toHaveLength(192 + 3);
  });

  it("when they update and upsert in transactions, some of which roll back", async () => {
    await runWriters(8, (random) => {
      const [first, second] = [random(3), random(3)].sort() as [number, number];
      return prisma.$transaction(async (tx) => {
        await tx.product.update({ where: { sku: skus[first] as string }, data: more });
        const sku = skus[second] as string;
        await tx.product.upsert({
          where: { sku },
          create: { sku, title: "", price: 1 },
          update: { price: { increment: 1 } },
        });
        if (random(4) === 0) throw Object.assign(new Error("roll back"), { code: "P2010" });
      });
    });
    expect(await brokenHistories()).toEqual([]);
  });

  it("when they do it in batches and nested transactions", async () => {
    await runWriters(8, (random) => {
      const where = { sku: skus[random(3)] as string };
      const nested = async (tx: Tx) => {
        await tx.product.update({ where, data: more });
        await tx
          .$transaction(async (inner) => {
            await inner.product.update({ where, data: { price: { increment: 1 } } });
            if (random(2) === 0) throw new Error("roll back");
          })
          .catch(() => undefined);
        await tx.product.update({ where, data: more });
      };
      if (random(2) === 0) return prisma.$transaction(nested);
      return prisma.$transaction([
        prisma.product.update({ where, data: more }),
        prisma.product.update({ where, data: { price: { increment: 1 } } }),
      ]);
    });
    expect(await brokenHistories()).toEqual([]);
  });

  it("when they upsert, delete and create the same rows again", async () => {
    const done = await runWriters(12, (random) => {
      const where = { sku: skus[random(3)] as string };
      const create = { ...where, title: "again", price: 1 };
      const write = (db: Db) => {
        switch (random(5)) {
          case 0:
            return db.product.delete({ where });
          case 1:
            return db.product.create({ data: create });
          case 2:
            return db.product.update({ where, data: more });
          case 3:
            // In several statements, for its include.
            return db.product.upsert({ where, create, update: more, include: { lines: true } });
          default:
            return db.product.upsert({ where, create, update: more });
        }
      };
      return random(2) === 0 ? write(prisma) : prisma.$transaction((tx) => Promise.resolve(write(tx)));
    });
    expect(done).toBeGreaterThan(60);
    expect(await brokenHistories()).toEqual([]);
  });

  it("when they exchange the keys of two rows", async () => {
    await ledger.clear();
    await prisma.product.create({ data: { sku: "one", title: "1", price: 1 } });
    await runWriters(6, (random) => {
      const where = { sku: random(2) === 0 ? "one" : "other" };
      return prisma.product.update({ where, data: { ...more, sku: random(2) === 0 ? "one" : "other" } });
    });
    const events = await ledger.events({ aggregateType: "Product" });
    expect(brokenLinks(events, (await base.product.findMany())[0] ?? null)).toEqual([]);
  });
});
