import { type Call, wrong } from "./call.js";
import { otherOrderId } from "./seed.js";

const where = { id: 1 };
const data = { name: "Eve" };

export const upsertCalls: readonly Call[] = [
  [
    "upsert with a text that is no UUID",
    (db) => db.order.upsert({ where: { id: "nope" }, create: { userId: 1 }, update: {} }),
  ],
  [
    "upsert by a NUL character",
    (db) => db.user.upsert({ where: { email: "a\0b" }, create: { email: "x" }, update: data }),
  ],
  [
    "upsert by a number out of range",
    (db) => db.order.upsert({ where: { number: 2n ** 64n }, create: { userId: 1 }, update: {} }),
  ],
  [
    "upsert of a new row",
    (db) => db.user.upsert({ where: { email: "n@x" }, create: { email: "n@x" }, update: data }),
  ],
  [
    "upsert of a row that is there",
    (db) =>
      db.user.upsert({
        where: { email: "ann@example.org" },
        create: { email: "ann@example.org" },
        update: data,
      }),
  ],
  [
    "upsert with another email than that of where",
    (db) => db.user.upsert({ where: { id: 50 }, create: { email: "n@x" }, update: data }),
  ],
  [
    "upsert of a new row that is a duplicate",
    (db) => db.user.upsert({ where: { id: 50 }, create: { email: "ann@example.org" }, update: data }),
  ],
  [
    "upsert to a duplicate",
    (db) => db.user.upsert({ where, create: { email: "n@x" }, update: { email: "bob@example.org" } }),
  ],
  ["upsert with an empty update", (db) => db.user.upsert({ where, create: { email: "n@x" }, update: {} })],
  [
    "upsert with include",
    (db) =>
      db.user.upsert({
        where,
        create: { email: "n@x" },
        update: data,
        include: { profile: true, posts: true },
      }),
  ],
  [
    "upsert of a new row with select",
    (db) =>
      db.user.upsert({
        where: { id: 60 },
        create: { id: 60, email: "n@x" },
        update: data,
        select: { email: true },
      }),
  ],
  [
    "upsert of a new row with select of a relation",
    (db) =>
      db.user.upsert({
        where: { id: 60 },
        create: { id: 60, email: "n@x" },
        update: data,
        select: { posts: true },
      }),
  ],
  [
    "upsert with omit",
    (db) => db.user.upsert({ where, create: { email: "n@x" }, update: data, omit: { email: true } }),
  ],
  [
    "upsert by a compound unique",
    (db) =>
      db.seat.upsert({
        where: { row_number: { row: 3, number: 3 } },
        create: { row: 3, number: 3 },
        update: { holder: "x" },
      }),
  ],
  [
    "upsert by a unique field and a condition",
    (db) => db.user.upsert({ where: { id: 1, name: "nobody" }, create: { email: "n@x" }, update: data }),
  ],
  [
    "upsert with connect of its own key",
    (db) =>
      db.order.upsert({
        where: { id: otherOrderId },
        create: { user: { connect: { id: 1 } } },
        update: { user: { connect: { id: 1 } } },
      }),
  ],
  ["upsert without create", (db) => db.user.upsert(wrong({ where, update: {} }))],
  [
    "upsert of a model that is not captured",
    (db) => db.post.upsert({ where, create: { title: "x", authorId: 1 }, update: { title: "x" } }),
  ],
];
