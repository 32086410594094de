import { Prisma } from "../../../prisma/generated/client/client.js";
import { type Call, extra, wrong } from "./call.js";
import { everything, orderId } from "./seed.js";

const data = { email: "new@example.org", name: "New" };

export const createCalls: readonly Call[] = [
  ["create", (db) => db.user.create({ data })],
  [
    "create with null and undefined",
    (db) => db.user.create({ data: { ...data, name: null, nickName: wrong(undefined) } }),
  ],
  ["create with select", (db) => db.user.create({ data, select: { email: true, role: true } })],
  ["create with false in select", (db) => db.user.create({ data, select: { id: false, name: true } })],
  ["create with select of a relation only", (db) => db.user.create({ data, select: { posts: true } })],
  ["create with an empty select", (db) => db.user.create({ data, select: wrong({}) })],
  [
    "create with select and include",
    (db) => db.user.create({ data, ...extra({ select: { id: true }, include: { posts: true } }) }),
  ],
  ["create with include", (db) => db.user.create({ data, include: { posts: true, profile: true } })],
  ["create with counts", (db) => db.user.create({ data, include: { _count: true, orders: { take: 1 } } })],
  ["create with omit", (db) => db.user.create({ data, omit: { email: true, role: true } })],
  [
    "create with omit of everything but one",
    (db) => db.user.create({ data, omit: { id: true, email: false } }),
  ],
  [
    "create with include and omit",
    (db) => db.user.create({ data, include: { posts: { omit: { body: true } } }, omit: { id: true } }),
  ],
  ["create with a mapped enum", (db) => db.user.create({ data: { ...data, role: "ADMIN", nickName: "n" } })],
  ["create with a duplicate", (db) => db.user.create({ data: { email: "ann@example.org" } })],
  ["create with a duplicate id", (db) => db.user.create({ data: { ...data, id: 1 }, select: { id: true } })],
  ["create without a required field", (db) => db.user.create({ data: wrong({ name: "x" }) })],
  ["create with an unknown field", (db) => db.user.create({ data: { ...data, ...extra({ nope: 1 }) } })],
  ["create with an unknown argument", (db) => db.user.create({ data, ...extra({ nope: 1 }) })],
  ["create with a wrong type", (db) => db.user.create({ data: { email: wrong(7) } })],
  ["create with a wrong enum", (db) => db.user.create({ data: { ...data, role: wrong("KING") } })],
  ["create with an unknown selected field", (db) => db.user.create({ data, select: wrong({ nope: true }) })],
  ["create without arguments", (db) => db.user.create(wrong(undefined))],
  ["create with null for data", (db) => db.user.create({ data: wrong(null) })],
  [
    "create with connect of its own key",
    (db) =>
      db.order.create({
        data: { id: "0190a000-0000-7000-8000-000000000009", user: { connect: { email: "bob@example.org" } } },
      }),
  ],
  ["create with connect to nothing", (db) => db.order.create({ data: { user: { connect: { id: 99 } } } })],
  ["create with a broken foreign key", (db) => db.order.create({ data: { userId: 99 } })],
  [
    "create with connect and include of it",
    (db) =>
      db.payment.create({
        data: { amount: 1, reference: "r2", order: { connect: { id: orderId } } },
        include: { order: { include: { user: true } } },
      }),
  ],
  [
    "create of a string key",
    (db) => db.product.create({ data: { sku: "", title: "Nothing", price: new Prisma.Decimal("0.005") } }),
  ],
  [
    "create of a compound unique",
    (db) => db.payment.create({ data: { orderId, reference: "r1", amount: 1 } }),
  ],
  ["create of a json null", (db) => db.setting.create({ data: { key: "k", value: Prisma.JsonNull } })],
  [
    "create of a database null in json",
    (db) => db.setting.create({ data: { key: "k", value: wrong(Prisma.DbNull) } }),
  ],
  ["create of everything", (db) => db.everything.create({ data: everything })],
  [
    "create of everything, some of it selected",
    (db) =>
      db.everything.create({
        data: everything,
        select: { json: true, bytes: true, big: true, decimalList: true, roleList: true },
      }),
  ],
  [
    "create of a value out of range",
    (db) => db.product.create({ data: { sku: "C", title: "C", price: "12345678901234" } }),
  ],
  ["create of a NUL character", (db) => db.user.create({ data: { email: "a\0b" } })],
  ["create of a text that is no UUID", (db) => db.order.create({ data: { id: "nope", userId: 1 } })],
  [
    "createMany of a model that is not captured",
    (db) => db.post.createMany({ data: [{ title: "x", authorId: 1 }] }),
  ],
  [
    "createManyAndReturn of a model that is not captured",
    (db) => db.post.createManyAndReturn({ data: [{ title: "x", authorId: 1 }], omit: { id: true } }),
  ],
  [
    "create of a model that is not captured",
    (db) => db.profile.create({ data: { bio: "x", user: { connect: { id: 2 } } }, include: { user: true } }),
  ],
];
