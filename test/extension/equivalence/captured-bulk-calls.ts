import { Prisma } from "../../../prisma/generated/client/client.js";
import type { Call } from "./call.js";
import { everything } from "./seed.js";

const otherId = "0190a000-0000-7000-8000-000000000077";
const at = { createdAt: new Date(6_000), updatedAt: new Date(7_000) };
const eve = { ...at, email: "eve@example.org" };
const fay = { ...at, email: "fay@example.org", name: "Fay", role: "ADMIN" } as const;
const ann = { ...at, email: "ann@example.org" };
const where = { email: { not: "bob@example.org" } };
const data = { name: "new", updatedAt: new Date(8_000) };
const wrong = (value: unknown) => value as never;

/** Calls that write any number of rows of captured models. */
export const capturedBulkCalls: readonly Call[] = [
  ["createMany", (db) => db.user.createMany({ data: [eve, fay] })],
  ["createMany of one", (db) => db.user.createMany({ data: eve })],
  ["createMany of none", (db) => db.user.createMany({ data: [] })],
  ["createMany with a duplicate", (db) => db.user.createMany({ data: [eve, ann] })],
  [
    "createMany with skipDuplicates",
    (db) => db.user.createMany({ data: [eve, ann, fay], skipDuplicates: true }),
  ],
  ["createMany with the same twice", (db) => db.user.createMany({ data: [eve, eve], skipDuplicates: true })],
  [
    "createMany with an unknown field",
    (db) => db.user.createMany({ data: [eve, wrong({ ...fay, nope: 1 })] }),
  ],
  ["createMany with an unknown argument", (db) => db.user.createMany({ data: [eve], nope: 1 } as never)],
  ["createMany without a required field", (db) => db.user.createMany({ data: [wrong({ name: "x" })] })],
  ["createMany with a wrong enum", (db) => db.user.createMany({ data: [wrong({ ...eve, role: "NOBODY" })] })],
  ["createMany without data", (db) => db.user.createMany({} as never)],
  ["createMany with null for data", (db) => db.user.createMany({ data: wrong(null) })],
  ["createMany with a text for data", (db) => db.user.createMany({ data: wrong("x") })],
  ["createMany with select", (db) => db.user.createMany({ data: [eve], select: { id: true } } as never)],
  ["createMany with undefined", (db) => db.user.createMany({ data: [wrong({ ...eve, name: undefined })] })],
  ["createMany with a broken reference", (db) => db.order.createMany({ data: [{ userId: 99, number: 5n }] })],
  [
    "createMany of a compound key",
    (db) =>
      db.seat.createMany({
        data: [
          { row: 9, number: 9 },
          { row: 9, number: 8 },
        ],
      }),
  ],
  ["createMany with a duplicate compound key", (db) => db.seat.createMany({ data: [{ row: 1, number: 1 }] })],
  ["createMany of everything", (db) => db.everything.createMany({ data: [everything, everything] })],
  [
    "createMany of a value out of range",
    (db) => db.product.createMany({ data: [{ sku: "x", title: "x", price: "1e20" }] }),
  ],
  ["createManyAndReturn", (db) => db.user.createManyAndReturn({ data: [fay, eve] })],
  ["createManyAndReturn of one", (db) => db.user.createManyAndReturn({ data: eve })],
  ["createManyAndReturn of none", (db) => db.user.createManyAndReturn({ data: [] })],
  [
    "createManyAndReturn with select",
    (db) => db.user.createManyAndReturn({ data: [eve, fay], select: { name: true } }),
  ],
  [
    "createManyAndReturn with omit",
    (db) => db.user.createManyAndReturn({ data: [eve, fay], omit: { id: true } }),
  ],
  [
    "createManyAndReturn with an empty select",
    (db) => db.user.createManyAndReturn({ data: [eve], select: {} }),
  ],
  [
    "createManyAndReturn with include",
    (db) =>
      db.order.createManyAndReturn({
        data: [{ id: otherId, userId: 1, number: 77n, placedAt: at.createdAt }],
        include: { user: true },
      }),
  ],
  [
    "createManyAndReturn with a relation in select",
    (db) =>
      db.order.createManyAndReturn({
        data: [{ id: otherId, userId: 1, number: 77n }],
        select: { number: true, user: { select: { email: true } } },
      }),
  ],
  [
    "createManyAndReturn with skipDuplicates",
    (db) => db.user.createManyAndReturn({ data: [ann, eve], skipDuplicates: true }),
  ],
  ["createManyAndReturn with a duplicate", (db) => db.user.createManyAndReturn({ data: [eve, ann] })],
  [
    "createManyAndReturn with an unknown selected field",
    (db) => db.user.createManyAndReturn({ data: [eve], select: { nope: true } as never }),
  ],
  [
    "createManyAndReturn of json",
    (db) =>
      db.setting.createManyAndReturn({
        data: [
          { key: "a", value: Prisma.JsonNull },
          { key: "b", value: [1] },
        ],
      }),
  ],
  ["updateMany", (db) => db.user.updateMany({ where, data })],
  ["updateMany of all", (db) => db.user.updateMany({ data })],
  ["updateMany of none", (db) => db.user.updateMany({ where: { id: 99 }, data })],
  ["updateMany with an empty where", (db) => db.user.updateMany({ where: {}, data })],
  ["updateMany with undefined for where", (db) => db.user.updateMany(wrong({ where: undefined, data }))],
  [
    "updateMany with AND, OR and NOT",
    (db) => db.user.updateMany({ where: { AND: [where], OR: [{ id: 1 }, { id: 2 }], NOT: { id: 3 } }, data }),
  ],
  [
    "updateMany by a relation",
    (db) => db.user.updateMany({ where: { posts: { some: { title: "one" } } }, data }),
  ],
  [
    "updateMany by a relation that it changes",
    (db) =>
      db.order.updateMany({
        where: { user: { orders: { some: { total: { gt: 0 } } } } },
        data: { total: 0 },
      }),
  ],
  ["updateMany with nothing to write", (db) => db.user.updateMany({ data: {} })],
  ["updateMany with undefined to write", (db) => db.user.updateMany({ data: wrong({ name: undefined }) })],
  ["updateMany with limit", (db) => db.user.updateMany({ data, limit: 1, where: { id: { gt: 2 } } })],
  ["updateMany with limit 0", (db) => db.user.updateMany({ data, limit: 0 })],
  ["updateMany with a negative limit", (db) => db.user.updateMany({ data, limit: -1 })],
  [
    "updateMany with a fraction for limit",
    (db) => db.user.updateMany({ data, limit: 1.5, where: { id: { gt: 2 } } }),
  ],
  ["updateMany with null for limit", (db) => db.user.updateMany({ data, limit: wrong(null) })],
  ["updateMany with undefined for limit", (db) => db.user.updateMany(wrong({ data, limit: undefined }))],
  [
    "updateMany to a duplicate",
    (db) => db.user.updateMany({ where: { id: 1 }, data: { email: "bob@example.org" } }),
  ],
  ["updateMany of a key", (db) => db.seat.updateMany({ where: { row: 1 }, data: { row: 7 } })],
  ["updateMany of a key by increment", (db) => db.seat.updateMany({ data: { number: { increment: 10 } } })],
  [
    "updateMany of numbers",
    (db) => db.product.updateMany({ data: { stock: { multiply: 3 }, price: { divide: 3 } } }),
  ],
  [
    "updateMany of everything",
    (db) =>
      db.everything.updateMany({
        data: { intList: { push: [7] }, big: { decrement: 1 }, jsonOpt: Prisma.DbNull, roleOpt: "ADMIN" },
      }),
  ],
  ["updateMany with an unknown field", (db) => db.user.updateMany({ data: wrong({ nope: 1 }) })],
  [
    "updateMany of none with an unknown field",
    (db) => db.user.updateMany({ where: { id: 99 }, data: wrong({ nope: 1 }) }),
  ],
  [
    "updateMany with an unknown field in where",
    (db) => db.user.updateMany({ where: wrong({ nope: 1 }), data }),
  ],
  ["updateMany with a text for where", (db) => db.user.updateMany({ where: wrong("x"), data })],
  ["updateMany with null for where", (db) => db.user.updateMany({ where: wrong(null), data })],
  ["updateMany with null for data", (db) => db.user.updateMany({ data: wrong(null) })],
  ["updateMany without data", (db) => db.user.updateMany(wrong({}))],
  ["updateMany with a wrong type", (db) => db.user.updateMany({ data: { name: wrong(7) } })],
  ["updateMany to null in a required field", (db) => db.user.updateMany({ data: { email: wrong(null) } })],
  ["updateMany to a broken reference", (db) => db.order.updateMany({ data: { userId: 99 } })],
  ["updateMany to a value out of range", (db) => db.product.updateMany({ data: { price: "1e20" } })],
  ["updateMany with a division by zero", (db) => db.product.updateMany({ data: { stock: { divide: 0 } } })],
  ["updateManyAndReturn", async (db) => inOrder(await db.user.updateManyAndReturn({ where, data }))],
  ["updateManyAndReturn of none", (db) => db.user.updateManyAndReturn({ where: { id: 99 }, data })],
  [
    "updateManyAndReturn with select",
    async (db) => inOrder(await db.user.updateManyAndReturn({ where, data, select: { email: true } })),
  ],
  [
    "updateManyAndReturn with omit",
    async (db) =>
      inOrder(await db.user.updateManyAndReturn({ where, data, omit: { email: true, name: true } })),
  ],
  [
    "updateManyAndReturn with include",
    async (db) =>
      inOrder(await db.order.updateManyAndReturn({ data: { total: 9 }, include: { user: true } })),
  ],
  [
    "updateManyAndReturn with limit",
    (db) => db.user.updateManyAndReturn({ where: { id: 2 }, data, limit: 5 }),
  ],
  ["updateManyAndReturn with nothing to write", (db) => db.user.updateManyAndReturn({ data: {} })],
  [
    "updateManyAndReturn of a key",
    (db) => db.seat.updateManyAndReturn({ where: { number: 2 }, data: { row: 7 } }),
  ],
  ["updateManyAndReturn to a duplicate", (db) => db.user.updateManyAndReturn({ data: { email: "x" } })],
  ["deleteMany", (db) => db.user.deleteMany({ where: { id: 3 } })],
  ["deleteMany of all", (db) => db.seat.deleteMany()],
  ["deleteMany with an empty argument", (db) => db.seat.deleteMany({})],
  ["deleteMany of none", (db) => db.seat.deleteMany({ where: { row: 99 } })],
  ["deleteMany with limit", (db) => db.seat.deleteMany({ where: { number: 2 }, limit: 3 })],
  ["deleteMany with limit 0", (db) => db.seat.deleteMany({ limit: 0 })],
  ["deleteMany with a negative limit", (db) => db.seat.deleteMany({ limit: -2 })],
  ["deleteMany by a relation", (db) => db.product.deleteMany({ where: { lines: { none: {} } } })],
  ["deleteMany of rows that are referred to", (db) => db.user.deleteMany()],
  ["deleteMany with an unknown field in where", (db) => db.user.deleteMany({ where: wrong({ nope: 1 }) })],
  ["deleteMany with an unknown argument", (db) => db.seat.deleteMany(wrong({ data: {} }))],
  [
    "bulk calls in a transaction",
    (db) =>
      db.$transaction(async (tx) => [
        await tx.user.createMany({ data: [eve, fay] }),
        await tx.user.updateMany({ where, data }),
        await tx.user.createMany({ data: wrong("x") }).catch((error: Error) => error.name),
        await tx.user.updateManyAndReturn({
          where: { id: 1 },
          data: { role: "MEMBER" },
          select: { role: true },
        }),
        await tx.user.deleteMany({ where: { name: "new", id: { gt: 3 } } }),
      ]),
  ],
  [
    "bulk calls in a batch",
    (db) =>
      db.$transaction([
        db.user.createMany({ data: [eve, fay] }),
        db.user.updateManyAndReturn({ where: { id: 1 }, data }),
        db.seat.deleteMany(),
        db.user.count(),
      ]),
  ],
  [
    "a bulk call that fails in a batch",
    (db) => db.$transaction([db.user.createMany({ data: [eve] }), db.user.createMany({ data: [ann] })]),
  ],
];

/** PostgreSQL promises no order of the rows that an update returns. */
function inOrder<Row extends object>(rows: readonly Row[]): readonly Row[] {
  const text = (row: Row) => JSON.stringify(row, (_, item) => (typeof item === "bigint" ? `${item}` : item));
  return rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}
