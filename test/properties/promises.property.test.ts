import fc from "fast-check";
import { expect, it } from "vitest";

import { type BusClient, openBus, openClient } from "../extension/support/clients.js";
import { Ledger } from "../extension/support/ledger.js";
import { amount } from "../support/amount.js";
import { testDatabase } from "../support/database.js";

// Calls in one transaction, started together, one after the other, and left for later, in random structures: what each of
// them answers, and what is left in the tables, is what plain Prisma answers and leaves when they are made one by one, in
// the order in which they were started. `PROPERTY_RUNS` says how many structures are tried.
const runs = amount({ few: 6, many: 12 });
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const plain = openClient(url) as unknown as BusClient;
const bus = openBus(url);

type Tx = Parameters<Parameters<BusClient["$transaction"]>[0]>[0];

const where = { sku: "A" };

/**
 * Those that are captured say or leave something else where they come before or after any other; the others where they
 * come before or after one of those: among themselves, Prisma's order is that of its batches. None of them can fail.
 */
const calls: Readonly<Record<string, (tx: Tx, name: string) => PromiseLike<unknown>>> = {
  more: (tx) => tx.product.updateMany({ data: { stock: { increment: 1 } } }),
  twice: (tx) => tx.product.update({ where, data: { stock: { multiply: 2 } }, select: { stock: true } }),
  nested: (tx, name) =>
    tx.user.update({
      where: { id: 1 },
      data: { name, posts: { create: { title: "n" } } },
      select: { posts: { select: { title: true }, orderBy: { id: "asc" } } },
    }),
  created: (tx, name) => tx.label.create({ data: { name }, select: { name: true } }),
  createdMany: (tx, name) => tx.label.createMany({ data: [{ name }, { name: `${name}'` }] }),
  upserted: (tx, name) =>
    tx.label.upsert({
      where: { name: "u" },
      create: { name: "u" },
      update: { name },
      select: { name: true },
    }),
  gone: (tx) => tx.label.deleteMany({ where: { name: { startsWith: "1" } } }),
  counted: (tx) => tx.label.count(),
  summed: (tx) => tx.product.aggregate({ _sum: { stock: true } }),
  found: (tx) => tx.user.findMany({ select: { id: true, name: true, orders: true } }),
  raw: (tx) => tx.$queryRaw`select stock, (select count(*)::int from "Label") as labels from "Product"`,
  other: (tx) => tx.balance.updateMany({ data: { orders: { increment: 1 } } }),
  rawOther: (tx) => tx.$executeRaw`update "Balance" set orders = orders + (select stock from "Product")`,
  unruled: (tx) => tx.post.create({ data: { title: "p", authorId: 1 }, select: { title: true } }),
};

type Shape =
  | { readonly call: string }
  | { readonly all: readonly Shape[] }
  | { readonly each: readonly Shape[] }
  | { readonly later: Shape; readonly meanwhile: readonly Shape[] };

const { shape } = fc.letrec<{ shape: Shape; some: Shape[] }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ call: fc.constantFrom(...Object.keys(calls)) }),
    fc.record({ all: tie("some") }),
    fc.record({ each: tie("some") }),
    fc.record({ later: tie("shape"), meanwhile: tie("some") }),
  ),
  some: fc.array(tie("shape"), { minLength: 1, maxLength: 4 }),
}));

/** A transaction: parts of it run in a nested one, of which some are rolled back. */
const transaction = fc.array(fc.tuple(shape, fc.constantFrom("outer", "nested", "rolled back")), {
  minLength: 1,
  maxLength: 4,
});

/** What was started, in this order, and what it answered. */
interface Started {
  readonly part: number;
  readonly call: string;
  readonly path: string;
  answer: unknown;
}

class Run {
  readonly started: Started[] = [];
  readonly #tx: Tx;
  readonly #part: number;

  constructor(tx: Tx, part: number) {
    this.#tx = tx;
    this.#part = part;
  }

  async run(shape: Shape, path: string): Promise<void> {
    if ("call" in shape) return this.start(shape.call, path);
    if ("all" in shape) {
      await Promise.all(shape.all.map((one, at) => this.run(one, `${path}${at}`)));
    } else if ("each" in shape) await this.#each(shape.each, path);
    else {
      const later = this.run(shape.later, `${path}l`);
      await this.#each(shape.meanwhile, `${path}m`);
      await later;
    }
  }

  async start(call: string, path: string): Promise<void> {
    const one: Started = { part: this.#part, call, path, answer: undefined };
    this.started.push(one);
    one.answer = await calls[call]?.(this.#tx, path);
  }

  async #each(shapes: readonly Shape[], path: string): Promise<void> {
    for (const [at, one] of shapes.entries()) await this.run(one, `${path}${at}`);
  }
}

type How = readonly string[];

/** Makes one transaction of which each part does its work outside or inside of a nested one. */
async function outcomeIn(db: BusClient, hows: How, work: (tx: Tx, part: number) => Promise<Run>) {
  await ledger.clear();
  await pool.query(`truncate "Balance"; insert into "Balance" ("userId") values (1);
    insert into users (email, updated_at) values ('a', now());
    insert into "Product" (sku, title, price) values ('A', 'a', 1)`);
  const started = await db.$transaction(
    async (tx) => {
      const all: Started[] = [];
      for (const [part, how] of hows.entries()) {
        if (how === "outer") all.push(...(await work(tx as Tx, part)).started);
        else {
          const nested = tx.$transaction(async (inner) => {
            all.push(...(await work(inner as unknown as Tx, part)).started);
            if (how !== "nested") throw new Error(how);
          });
          await nested.catch((error: Error) => expect(error.message).toBe("rolled back"));
        }
      }
      return all;
    },
    { maxWait: 60_000, timeout: 60_000 },
  );
  const { rows } =
    await pool.query(`select (select stock from "Product") as stock, (select orders from "Balance") as orders,
    (select array_agg(title order by id) from "Post") as posts, (select array_agg(name order by name) from "Label") as labels`);
  return { started, rows };
}

it("calls in one transaction answer and write in the order in which they were started", async () => {
  await fc.assert(
    fc.asyncProperty(transaction, async (parts) => {
      const hows = parts.map(([, how]) => how);
      const outcome = await outcomeIn(bus, hows, async (tx, part) => {
        const run = new Run(tx, part);
        const shape = parts[part]?.[0];
        if (shape !== undefined) await run.run(shape, String(part));
        return run;
      });
      const expected = await outcomeIn(plain, hows, async (tx, part) => {
        const run = new Run(tx, part);
        for (const one of outcome.started) if (one.part === part) await run.start(one.call, one.path);
        return run;
      });
      expect(outcome).toEqual(expected);
    }),
    { numRuns: runs, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
  );
}, 600_000);
