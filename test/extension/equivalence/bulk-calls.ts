import { Prisma } from "../../../prisma/generated/client/client.js";
import { type Call, extra, wrong } from "./call.js";
import { everything, orderId } from "./seed.js";

const users = [{ email: "x@example.org", name: "X" }, { email: "y@example.org" }];

/** Writes of any number of rows. */
export const bulkCalls: readonly Call[] = [
  ["createMany", (db) => db.user.createMany({ data: users })],
  ["createMany of one", (db) => db.user.createMany({ data: { email: "x@example.org" } })],
  ["createMany of none", (db) => db.user.createMany({ data: [] })],
  [
    "createMany of different columns",
    (db) => db.user.createMany({ data: [...users, { email: "z", id: 40 }] }),
  ],
  [
    "createMany that skips duplicates",
    (db) => db.user.createMany({ data: [...users, { email: "ann@example.org" }], skipDuplicates: true }),
  ],
  [
    "createMany with a duplicate",
    (db) => db.user.createMany({ data: [...users, { email: "ann@example.org" }] }),
  ],
  [
    "createMany with a duplicate among themselves",
    (db) => db.user.createMany({ data: [...users, ...users] }),
  ],
  ["createMany without a required field", (db) => db.user.createMany({ data: [wrong({ name: "x" })] })],
  [
    "createMany with an unknown field",
    (db) => db.user.createMany({ data: [wrong({ email: "x", nope: 1 })] }),
  ],
  [
    "createMany with a relation",
    (db) => db.user.createMany({ data: [wrong({ email: "x", posts: { create: {} } })] }),
  ],
  ["createMany without data", (db) => db.user.createMany(wrong({}))],
  ["createMany with an unknown argument", (db) => db.user.createMany({ data: users, ...extra({ nope: 1 }) })],
  [
    "createMany with a broken foreign key",
    (db) => db.post.createMany({ data: [{ title: "x", authorId: 99 }] }),
  ],
  ["createMany of everything", (db) => db.everything.createMany({ data: [everything, everything] as never })],
  [
    "createMany of compound keys",
    (db) =>
      db.orderLine.createMany({
        data: [
          { orderId, sku: "B", quantity: 1 },
          { orderId, sku: "A", quantity: 1 },
        ],
        skipDuplicates: true,
      }),
  ],
  ["createManyAndReturn", (db) => db.user.createManyAndReturn({ data: users })],
  ["createManyAndReturn of none", (db) => db.user.createManyAndReturn({ data: [] })],
  [
    "createManyAndReturn with select",
    (db) => db.user.createManyAndReturn({ data: users, select: { email: true } }),
  ],
  ["createManyAndReturn with omit", (db) => db.user.createManyAndReturn({ data: users, omit: { id: true } })],
  [
    "createManyAndReturn with include",
    (db) => db.post.createManyAndReturn({ data: [{ title: "x", authorId: 1 }], include: { author: true } }),
  ],
  [
    "createManyAndReturn that skips duplicates",
    (db) =>
      db.label.createManyAndReturn({ data: [{ name: "red" }, { name: "green" }], skipDuplicates: true }),
  ],
  [
    "createManyAndReturn with a duplicate",
    (db) => db.label.createManyAndReturn({ data: [{ name: "g" }, { name: "red" }] }),
  ],
  ["updateMany", (db) => db.user.updateMany({ data: { name: "All" } })],
  [
    "updateMany with where",
    (db) => db.user.updateMany({ where: { name: { not: null } }, data: { name: "Some" } }),
  ],
  ["updateMany of nothing", (db) => db.user.updateMany({ where: { id: 99 }, data: { name: "x" } })],
  ["updateMany with no data", (db) => db.user.updateMany({ data: {} })],
  [
    "updateMany by a relation",
    (db) => db.user.updateMany({ where: { posts: { some: {} } }, data: { name: "Author" } }),
  ],
  ["updateMany with a limit", (db) => db.user.updateMany({ data: { name: "One" }, limit: 3 })],
  ["updateMany with a limit of none", (db) => db.user.updateMany({ data: { name: "One" }, limit: 0 })],
  ["updateMany with a negative limit", (db) => db.user.updateMany({ data: { name: "One" }, limit: -1 })],
  [
    "updateMany with increment",
    (db) => db.product.updateMany({ data: { stock: { increment: 5 }, price: { multiply: 2 } } }),
  ],
  [
    "updateMany of what where asks for",
    (db) => db.product.updateMany({ where: { stock: { gt: 0 } }, data: { stock: 0 } }),
  ],
  ["updateMany of a key", (db) => db.setting.updateMany({ data: { key: "other" } })],
  ["updateMany to a duplicate", (db) => db.user.updateMany({ data: { email: "same@example.org" } })],
  [
    "updateMany of lists",
    (db) => db.everything.updateMany({ data: { textList: { push: "p" }, intList: { set: [9] } } }),
  ],
  ["updateMany of json", (db) => db.setting.updateMany({ data: { value: Prisma.JsonNull } })],
  ["updateMany with a relation", (db) => db.user.updateMany({ data: wrong({ posts: { deleteMany: {} } }) })],
  ["updateMany without data", (db) => db.user.updateMany(wrong({}))],
  [
    "updateMany with an unknown where",
    (db) => db.user.updateMany({ where: wrong({ nope: 1 }), data: { name: "x" } }),
  ],
  ["updateManyAndReturn", async (db) => sorted(await db.user.updateManyAndReturn({ data: { name: "All" } }))],
  [
    "updateManyAndReturn with select",
    (db) => db.user.updateManyAndReturn({ where: { id: 1 }, data: { name: "All" }, select: { name: true } }),
  ],
  [
    "updateManyAndReturn with omit",
    (db) => db.user.updateManyAndReturn({ where: { id: 1 }, data: { name: "All" }, omit: { id: true } }),
  ],
  [
    "updateManyAndReturn with include",
    (db) => db.post.updateManyAndReturn({ where: { id: 1 }, data: { body: "b" }, include: { author: true } }),
  ],
  [
    "updateManyAndReturn of nothing",
    (db) => db.user.updateManyAndReturn({ where: { id: 99 }, data: { name: "x" } }),
  ],
  ["deleteMany", (db) => db.post.deleteMany()],
  ["deleteMany with where", (db) => db.post.deleteMany({ where: { author: { name: "Ann" } } })],
  ["deleteMany of nothing", (db) => db.post.deleteMany({ where: { id: 99 } })],
  ["deleteMany with a limit", (db) => db.post.deleteMany({ limit: 5 })],
  ["deleteMany that cascades", (db) => db.user.deleteMany({ where: { id: 3 } })],
  ["deleteMany that is restricted", (db) => db.user.deleteMany()],
  ["deleteMany with an unknown where", (db) => db.post.deleteMany({ where: wrong({ nope: 1 }) })],
  [
    "all of them in an interactive transaction",
    (db) =>
      db.$transaction(async (tx) => [
        await tx.label.createMany({ data: [{ name: "a" }, { name: "b" }] }),
        await tx.label.updateMany({ where: { name: "a" }, data: { name: "c" } }),
        await tx.label.deleteMany({ where: { name: { in: ["b", "c"] } } }),
        await tx.label.findMany({ orderBy: { id: "asc" } }),
      ]),
  ],
  [
    "all of them in a batch",
    (db) =>
      db.$transaction([
        db.label.createMany({ data: [{ name: "a" }, { name: "b" }] }),
        db.label.updateMany({ where: { name: "a" }, data: { name: "c" } }),
        db.label.createManyAndReturn({ data: [{ name: "d" }] }),
        db.label.deleteMany({ where: { name: "b" } }),
      ]),
  ],
];

function sorted<T extends { readonly id: number }>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => a.id - b.id);
}
