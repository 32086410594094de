import { Prisma } from "../../../prisma/generated/client/client.js";
import { type Call, wrong } from "./call.js";
import { orderId } from "./seed.js";

const where = { id: 1 };
const data = { name: "Eve" };

export const updateCalls: readonly Call[] = [
  ["update", (db) => db.user.update({ where, data })],
  ["update by another unique field", (db) => db.user.update({ where: { email: "bob@example.org" }, data })],
  [
    "update by a unique field and a condition",
    (db) => db.user.update({ where: { id: 1, role: "ADMIN", posts: { some: { title: "one" } } }, data }),
  ],
  [
    "update with a condition that does not hold",
    (db) => db.user.update({ where: { id: 1, name: "Bob" }, data }),
  ],
  [
    "update with AND, OR and NOT",
    (db) =>
      db.user.update({
        where: {
          email: "ann@example.org",
          AND: [{ id: 1 }],
          OR: [{ name: "x" }, { id: { lt: 5 } }],
          NOT: { id: 2 },
        },
        data,
      }),
  ],
  ["update of nothing", (db) => db.user.update({ where: { id: 99 }, data })],
  ["update without a unique field", (db) => db.user.update({ where: wrong({ name: "Ann" }), data })],
  ["update with null for a unique field", (db) => db.user.update({ where: wrong({ id: null }), data })],
  [
    "update with undefined for a unique field",
    (db) => db.user.update({ where: wrong({ id: undefined }), data }),
  ],
  ["update with a wrong type in where", (db) => db.user.update({ where: { id: wrong("1") }, data })],
  ["update without where", (db) => db.user.update(wrong({ data }))],
  ["update with no data", (db) => db.user.update({ where, data: {} })],
  ["update with undefined data", (db) => db.user.update({ where, data: { name: wrong(undefined) } })],
  ["update with the same values", (db) => db.user.update({ where, data: { name: "Ann", role: "ADMIN" } })],
  ["update to a duplicate", (db) => db.user.update({ where, data: { email: "bob@example.org" } })],
  ["update with an unknown field", (db) => db.user.update({ where, data: wrong({ nope: 1 }) })],
  [
    "update with set and null",
    (db) =>
      db.user.update({ where, data: { name: { set: "Set" }, nickName: null, role: { set: "MEMBER" } } }),
  ],
  ["update with select", (db) => db.user.update({ where, data, select: { name: true, createdAt: true } })],
  [
    "update with select without the key",
    (db) => db.user.update({ where, data, select: { name: true, posts: { select: { title: true } } } }),
  ],
  [
    "update with include",
    (db) =>
      db.user.update({
        where,
        data,
        include: { posts: { orderBy: { id: "desc" } }, profile: true, _count: true },
      }),
  ],
  ["update with omit", (db) => db.user.update({ where, data, omit: { id: true, name: true } })],
  [
    "update with an unknown included relation",
    (db) => db.user.update({ where, data, include: wrong({ nope: true }) }),
  ],
  [
    "update with increment and decrement",
    (db) =>
      db.product.update({
        where: { sku: "A" },
        data: { stock: { increment: 2 }, price: { decrement: "0.25" } },
      }),
  ],
  [
    "update with multiply and divide",
    (db) =>
      db.product.update({ where: { sku: "A" }, data: { stock: { multiply: 2 }, price: { divide: 3 } } }),
  ],
  ["update of a key", (db) => db.product.update({ where: { sku: "A" }, data: { sku: "Z", stock: 1 } })],
  [
    "update of a key to one that is taken",
    (db) => db.product.update({ where: { sku: "A" }, data: { sku: "B" } }),
  ],
  [
    "update by a bigint",
    (db) =>
      db.order.update({
        where: { number: 9_007_199_254_740_993n },
        data: { status: "SHIPPED", total: new Prisma.Decimal("1.5") },
      }),
  ],
  [
    "update of a bigint",
    (db) =>
      db.order.update({
        where: { id: orderId },
        data: { number: { increment: 5 } },
        omit: { placedAt: true },
      }),
  ],
  [
    "update with connect of its own key",
    (db) =>
      db.order.update({
        where: { id: orderId },
        data: { user: { connect: { email: "cyd@example.org" } } },
        include: { user: true },
      }),
  ],
  [
    "update with connect to nothing",
    (db) => db.order.update({ where: { id: orderId }, data: { user: { connect: { id: 99 } } } }),
  ],
  [
    "update with a broken foreign key",
    (db) => db.order.update({ where: { id: orderId }, data: { userId: 99 } }),
  ],
  [
    "update by a named compound unique",
    (db) =>
      db.payment.update({
        where: { orderReference: { orderId, reference: "r1" } },
        data: { amount: { increment: 1 } },
      }),
  ],
  [
    "update by a compound unique",
    (db) => db.seat.update({ where: { row_number: { row: 1, number: 2 } }, data: { holder: "Bob" } }),
  ],
  [
    "update by a compound unique of nothing",
    (db) => db.seat.update({ where: { row_number: { row: 9, number: 2 } }, data: { holder: "Bob" } }),
  ],
  [
    "update of a compound unique",
    (db) => db.seat.update({ where: { row_number: { row: 1, number: 2 } }, data: { row: 7 } }),
  ],
  [
    "update of json",
    (db) => db.setting.update({ where: { key: "theme" }, data: { value: ["x", { y: null }] } }),
  ],
  [
    "update of lists",
    (db) =>
      db.everything.update({
        where,
        data: {
          textList: { push: "c" },
          intList: { set: [] },
          roleList: ["MEMBER"],
          bytesList: { push: [new Uint8Array([1])] },
        },
      }),
  ],
  [
    "update to null",
    (db) =>
      db.everything.update({
        where,
        data: {
          bigOpt: null,
          decimalOpt: null,
          dateOpt: null,
          jsonOpt: Prisma.DbNull,
          json: Prisma.JsonNull,
        },
      }),
  ],
  [
    "update with a text that is no UUID",
    (db) => db.order.update({ where: { id: "nope" }, data: { total: 1 } }),
  ],
  ["update by a number for a bigint", (db) => db.order.update({ where: { number: 1 }, data: { total: 2 } })],
  ["update by an integer out of range", (db) => db.user.update({ where: { id: 99_999_999_999 }, data })],
  ["update by a fraction", (db) => db.user.update({ where: { id: 1.5 }, data })],
  ["update by a number that is none", (db) => db.user.update({ where: { id: Number.NaN }, data })],
  ["update by a NUL character", (db) => db.user.update({ where: { email: "a\0b" }, data })],
  [
    "update by two unique fields",
    (db) => db.user.update({ where: { id: 1, email: "ann@example.org" }, data }),
  ],
  [
    "update by two unique fields of two rows",
    (db) => db.user.update({ where: { id: 1, email: "bob@example.org" }, data }),
  ],
  [
    "update by an upper case UUID",
    (db) => db.order.update({ where: { id: orderId.toUpperCase() }, data: { total: 2 } }),
  ],
  [
    "update by a number out of range",
    (db) => db.order.update({ where: { number: 2n ** 64n }, data: { total: 2 } }),
  ],
  [
    "updateMany of a model that is not captured",
    (db) => db.post.updateMany({ where: { authorId: 1 }, data: { body: "x" } }),
  ],
  [
    "updateManyAndReturn of a model that is not captured",
    (db) => db.post.updateManyAndReturn({ data: { body: "x" }, select: { body: true } }),
  ],
  [
    "update of a model that is not captured",
    (db) => db.post.update({ where, data: { title: "x" }, include: { author: true } }),
  ],
];
