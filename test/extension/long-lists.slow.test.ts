// Lists of values in a `where`: longer than one statement takes, and shorter than that but sent with many rows.
import { beforeEach, describe, expect, it } from "vitest";

import { eventBus } from "../../src/index.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events, unusualRules } from "./support/events.js";
import { Ledger } from "./support/ledger.js";
import { outcomeOf } from "./support/outcome.js";
import { whileOtherHolds } from "./support/waiting.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const statements: string[] = [];
const base = openClient(url, { statements });
const { Product, Seat, Post } = allRules;
const { Parcel, Reading, Price } = unusualRules;
const prisma = base.$extends(eventBus({ events, capture: { Product, Seat, Post, Parcel, Reading, Price } }));
type Db = typeof base;

const ROWS = 700;
const MORE_THAN_ONE_STATEMENT = 33_000;
const SEED = `
  insert into users (id, email, created_at, updated_at) select i, 'u' || i, '2026-01-01', '2026-01-01' from generate_series(1, 20) i;
  insert into "Post" (id, title, body, "authorId") select i, 't' || i, null, 1 + i % 20 from generate_series(1, ${ROWS}) i;
  insert into "Product" (sku, title, price, stock) select 's' || i, 't' || i, 1, i from generate_series(1, ${ROWS}) i;
  insert into "Seat" ("row", number) select i % 7, i from generate_series(1, ${ROWS}) i;
  insert into parcels (id, token, width) select i, lpad(i::text, 32, '0')::uuid, i from generate_series(1, ${ROWS}) i;
  insert into "Price" (code, amount, rates) select i + 0.125, i::numeric::money, '{}' from generate_series(1, ${ROWS}) i;
  insert into "Reading" (at) select '2026-01-01Z'::timestamptz + i * interval '1 hour' from generate_series(1, ${ROWS}) i`;

beforeEach(async () => {
  await ledger.clear();
  await pool.query(SEED);
});

const upTo = <T>(count: number, make: (n: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index + 1));
const numbers = (count: number) => upTo(count, (n) => n);
const parametersOf = (text: string) =>
  Math.max(0, ...Array.from(text.matchAll(/\$(\d+)/g), ([, number]) => Number(number)));

/** What a call came to, and what it leaves in the tables; with events there is one for each row that it counts. */
async function effectOf(db: unknown, call: (db: Db) => PromiseLike<unknown>) {
  const outcome = await outcomeOf(() => call(db as Db));
  return { outcome, contents: await ledger.contents() };
}

const MANY = MORE_THAN_ONE_STATEMENT;
const calls: readonly (readonly [string, number | undefined, (db: Db) => PromiseLike<unknown>])[] = [
  [
    "updateMany by texts that are keys",
    ROWS,
    (db) => db.product.updateMany({ where: { sku: { in: upTo(MANY, (n) => `s${n}`) } }, data: { price: 2 } }),
  ],
  [
    "updateMany by another field, which it changes",
    ROWS,
    (db) =>
      db.post.updateMany({ where: { title: { in: upTo(MANY, (n) => `t${n}`) } }, data: { title: "new" } }),
  ],
  [
    "updateManyAndReturn by bigints",
    ROWS,
    (db) =>
      db.parcel.updateManyAndReturn({
        where: { id: { in: upTo(MANY, BigInt) } },
        data: { height: { increment: 1 } },
        select: { id: true },
      }),
  ],
  [
    "deleteMany by uuids",
    ROWS,
    (db) =>
      db.parcel.deleteMany({
        where: { token: { in: upTo(MANY, (n) => `00000000-0000-0000-0000-${String(n).padStart(12, "0")}`) } },
      }),
  ],
  [
    "deleteMany by decimals, which Prisma refuses",
    0,
    (db) => db.price.deleteMany({ where: { code: { in: upTo(MANY, (n) => `${n}.125`) } } }),
  ],
  [
    "deleteMany by as many decimals as fit",
    ROWS,
    (db) => db.price.deleteMany({ where: { code: { in: upTo(32_766, (n) => `${n}.125`) } } }),
  ],
  [
    "updateMany by moments",
    ROWS,
    (db) =>
      db.reading.updateMany({
        where: { at: { in: upTo(MANY, (n) => new Date(Date.UTC(2026, 0, 1, n))) } },
        data: { note: "x" },
      }),
  ],
  [
    "updateMany by a part of a compound key, with further conditions",
    600,
    (db) =>
      db.seat.updateMany({
        where: { AND: [{ row: { lt: 6 } }, { OR: [{ number: { in: numbers(MANY) } }] }] },
        data: { holder: "x" },
      }),
  ],
  [
    "updateMany with a limit, which counts for each statement",
    10,
    (db) => db.post.updateMany({ where: { id: { in: numbers(MANY) } }, data: { body: "x" }, limit: 10 }),
  ],
  [
    "updateMany by two lists, of which one fits",
    100,
    (db) =>
      db.post.updateMany({
        where: { id: { in: numbers(MANY) }, title: { in: upTo(100, (n) => `t${n}`) } },
        data: { body: "x" },
      }),
  ],
  [
    "updateMany that finds rows with each of its statements",
    undefined,
    (db) =>
      db.product.updateMany({
        where: { OR: [{ stock: { in: numbers(MANY) } }, { sku: { in: ["s1", "s2"] } }] },
        data: { stock: { increment: 100_000 } },
      }),
  ],
  [
    "updateMany by related rows",
    ROWS,
    (db) => db.post.updateMany({ where: { author: { id: { in: numbers(MANY) } } }, data: { body: "x" } }),
  ],
  [
    "deleteMany by related rows, as many as fit",
    ROWS,
    (db) => db.post.deleteMany({ where: { author: { is: { id: { in: numbers(32_700) } } } } }),
  ],
  [
    "updateMany with notIn, which Prisma refuses",
    0,
    (db) => db.post.updateMany({ where: { id: { notIn: numbers(MANY) } }, data: { body: "x" } }),
  ],
  [
    "updateMany by two lists that are too long, which Prisma refuses",
    0,
    (db) =>
      db.post.updateMany({
        where: { id: { in: numbers(MANY) }, authorId: { in: numbers(MANY) } },
        data: { body: "x" },
      }),
  ],
  [
    "updateMany with notIn of some",
    ROWS - 3,
    (db) =>
      db.post.updateMany({
        where: { title: { notIn: ["t1", "t2", "t3", ...upTo(2_000, (n) => `x${n}`)] } },
        data: { body: "x" },
      }),
  ],
  [
    "deleteMany by many conditions",
    600,
    (db) =>
      db.seat.deleteMany({
        where: { OR: upTo(600, (n) => ({ row: n % 7, number: n })) },
      }),
  ],
  ...[32_763, 32_764, 32_765, 32_766].map(
    (count) =>
      [
        `updateMany of ${count} ids`,
        ROWS,
        (db: Db) => db.post.updateMany({ where: { id: { in: numbers(count) } }, data: { body: "x" } }),
      ] as const,
  ),
];

describe("a long list", () => {
  it.each(calls)("leaves what plain Prisma leaves: %s", async (_, count, call) => {
    const plain = await effectOf(base, call);
    await ledger.clear();
    await pool.query(SEED);
    expect(await effectOf(prisma, call)).toEqual(plain);
    if (count !== undefined) expect(await ledger.names()).toHaveLength(count);
  });

  it("tells each write of a row that is found by several statements", async () => {
    const where = { OR: [{ stock: { in: numbers(MANY) } }, { sku: "s1" }] };
    await prisma.product.updateMany({ where, data: { stock: { increment: 100_000 } } });
    const found = (await ledger.events()).filter(({ aggregateKey }) => aggregateKey === "s1");
    expect(found.map(({ initialData, changes }) => [initialData, changes])).toEqual([
      [{ stock: 1 }, { stock: 100_001 }],
      [{ stock: 100_001 }, { stock: 200_001 }],
    ]);
  });

  it("counts the rows of all statements before anything is written", async () => {
    const few = base.$extends(eventBus({ events, capture: { Post }, bulk: { maxRows: 600 } }));
    await pool.query(`update "Post" set id = id + 32900 where id > 400`);
    const call = few.post.updateMany({ where: { id: { in: numbers(34_000) } }, data: { body: "x" } });
    await expect(call).rejects.toMatchObject({ code: "TOO_MANY_ROWS" });
    expect(await base.post.count({ where: { body: "x" } })).toBe(0);
  });
});

describe("the values of a list", () => {
  const COUNT = 3_000;
  const titles = upTo(COUNT, (n) => `t${n}`);
  const body = "x";

  it.each<readonly [string, number, (db: Db) => PromiseLike<unknown>]>([
    ["of keys", 3, (db) => db.post.updateMany({ where: { id: { in: numbers(COUNT) } }, data: { body } })],
    ["of another field", 3, (db) => db.post.updateMany({ where: { title: { in: titles } }, data: { body } })],
    ["of keys, deleted", 3, (db) => db.post.deleteMany({ where: { id: { in: numbers(COUNT) } } })],
  ])("are not sent with every part of the rows: %s", async (_, times, call) => {
    await pool.query(
      `insert into "Post" (id, title, "authorId") select i, 't' || i, 1 from generate_series(${ROWS + 1}, ${COUNT}) i`,
    );
    await call(prisma as unknown as Db);
    await pool.query(`delete from "Post"`);
    await pool.query(
      `insert into "Post" (id, title, "authorId") select i, 't' || i, 1 from generate_series(1, ${COUNT}) i`,
    );
    statements.length = 0;
    await call(prisma as unknown as Db);
    const sent = statements.reduce((sum, text) => sum + parametersOf(text), 0);
    expect(sent).toBeGreaterThan(COUNT * 2);
    expect(sent).toBeLessThan(COUNT * times + 200);
  });

  it("find rows as they are when they are locked", async () => {
    const answer = await whileOtherHolds(pool, `update "Post" set title = 'other' where id = 699`, () =>
      prisma.post.updateMany({ where: { title: { in: titles } }, data: { body } }),
    );
    expect(answer).toEqual({ count: ROWS - 1 });
    expect(await base.post.findUnique({ where: { id: 699 } })).toMatchObject({ title: "other", body: null });
    expect(await ledger.names()).toHaveLength(ROWS - 1);
  });
});
