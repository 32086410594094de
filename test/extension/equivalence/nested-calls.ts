import { type Call, extra, wrong } from "./call.js";
import { orderId, otherOrderId } from "./seed.js";

const where = { id: 1 };
const email = "new@example.org";
const newOrder = "0190a000-0000-7000-8000-000000000009";

const everythingOfUser = {
  profile: true,
  posts: { include: { labels: { orderBy: { id: "asc" } } }, orderBy: { id: "asc" } },
  orders: { include: { lines: true, payments: true }, orderBy: { id: "asc" } },
  _count: true,
} as const;

/** Nested writes in a create. */
export const nestedCreateCalls: readonly Call[] = [
  ["create with a child", (db) => db.user.create({ data: { email, posts: { create: { title: "a" } } } })],
  [
    "create with children, all included",
    (db) =>
      db.user.create({
        data: {
          email,
          posts: { create: [{ title: "a" }, { title: "b" }] },
          profile: { create: { bio: "x" } },
        },
        include: everythingOfUser,
      }),
  ],
  [
    "create with a child of which a field is selected",
    (db) =>
      db.user.create({
        data: { email, posts: { create: { title: "a" } } },
        select: { posts: { select: { title: true } } },
      }),
  ],
  [
    "create with children by createMany",
    (db) =>
      db.user.create({
        data: { email, posts: { createMany: { data: [{ title: "a" }, { title: "b", body: "c" }] } } },
        include: { posts: true },
      }),
  ],
  [
    "create with createMany that skips duplicates",
    (db) =>
      db.user.create({
        data: {
          email,
          posts: {
            createMany: {
              data: [
                { id: 1, title: "a" },
                { id: 90, title: "b" },
              ],
              skipDuplicates: true,
            },
          },
        },
        include: { posts: true },
      }),
  ],
  [
    "create with an empty createMany",
    (db) => db.user.create({ data: { email, posts: { createMany: { data: [] } } } }),
  ],
  [
    "create with connect of children",
    (db) =>
      db.user.create({
        data: { email, posts: { connect: [{ id: 1 }, { id: 3 }] } },
        include: everythingOfUser,
      }),
  ],
  [
    "create with connect of a child that is not there",
    (db) => db.user.create({ data: { email, posts: { connect: { id: 99 } } } }),
  ],
  [
    "create with connect of a one-to-one child",
    (db) => db.user.create({ data: { email, profile: { connect: { id: 1 } } }, include: { profile: true } }),
  ],
  [
    "create with connectOrCreate that connects",
    (db) =>
      db.post.create({
        data: { title: "a", author: { connectOrCreate: { where, create: { email } } } },
        include: { author: true },
      }),
  ],
  [
    "create with connectOrCreate that creates",
    (db) =>
      db.post.create({
        data: { title: "a", author: { connectOrCreate: { where: { id: 77 }, create: { email } } } },
        include: { author: true },
      }),
  ],
  [
    "create with connectOrCreate of both kinds in a list",
    (db) =>
      db.post.create({
        data: {
          title: "a",
          author: { connect: where },
          labels: {
            connectOrCreate: [
              { where: { name: "red" }, create: { name: "red" } },
              { where: { name: "green" }, create: { name: "green" } },
            ],
          },
        },
        include: { labels: { orderBy: { name: "asc" } } },
      }),
  ],
  [
    "create with a parent and that one's child",
    (db) =>
      db.post.create({
        data: { title: "a", author: { create: { email, profile: { create: { bio: "b" } } } } },
        include: { author: { include: { profile: true } } },
      }),
  ],
  [
    "create three levels deep",
    (db) =>
      db.user.create({
        data: {
          email,
          orders: {
            create: {
              id: newOrder,
              placedAt: new Date(9_000),
              lines: { create: [{ quantity: 1, product: { create: { sku: "N", title: "New", price: 1 } } }] },
              payments: { create: { amount: "1.00", reference: "n", createdAt: new Date(9_000) } },
            },
          },
        },
        include: { orders: { include: { lines: { include: { product: true } }, payments: true } } },
      }),
  ],
  [
    "create with many-to-many children, old and new",
    (db) =>
      db.post.create({
        data: { title: "a", authorId: 1, labels: { connect: [{ id: 1 }], create: [{ name: "green" }] } },
        include: { labels: true },
      }),
  ],
  [
    "create with a child that is a duplicate",
    (db) => db.post.create({ data: { title: "a", authorId: 1, labels: { create: { name: "red" } } } }),
  ],
  [
    "create with a child without a required field",
    (db) => db.user.create({ data: { email, posts: { create: wrong({ body: "x" }) } } }),
  ],
  [
    "create with an unknown nested operation",
    (db) => db.user.create({ data: wrong({ email, posts: { explode: {} } }) }),
  ],
  [
    "create with both key and relation",
    (db) => db.post.create({ data: wrong({ title: "a", authorId: 1, author: { connect: where } }) }),
  ],
  [
    "create with undefined for a relation",
    (db) => db.user.create({ data: { email, posts: wrong(undefined) } }),
  ],
];

/** Nested writes in an update. */
export const nestedUpdateCalls: readonly Call[] = [
  [
    "update with a new child",
    (db) => db.user.update({ where, data: { posts: { create: { title: "n" } } }, include: everythingOfUser }),
  ],
  [
    "update with new children by createMany",
    (db) => db.user.update({ where, data: { posts: { createMany: { data: { title: "n" } } } } }),
  ],
  [
    "update with connect of another's child",
    (db) => db.user.update({ where, data: { posts: { connect: { id: 3 } } }, include: { posts: true } }),
  ],
  [
    "update with connect of what is its own",
    (db) => db.user.update({ where, data: { posts: { connect: [{ id: 1 }, { id: 2 }] } } }),
  ],
  [
    "update with connect to nothing at all",
    (db) => db.user.update({ where, data: { posts: { connect: { id: 99 } } } }),
  ],
  [
    "update of a child",
    (db) =>
      db.user.update({
        where,
        data: { name: "E", posts: { update: { where: { id: 1 }, data: { title: "new" } } } },
        include: { posts: { orderBy: { id: "asc" } } },
      }),
  ],
  [
    "update of several children",
    (db) =>
      db.user.update({
        where,
        data: {
          posts: {
            update: [
              { where: { id: 1 }, data: { title: "1" } },
              { where: { id: 2 }, data: { body: "2" } },
            ],
          },
        },
      }),
  ],
  [
    "update of another's child",
    (db) =>
      db.user.update({ where, data: { posts: { update: { where: { id: 3 }, data: { title: "x" } } } } }),
  ],
  [
    "update of children by updateMany",
    (db) =>
      db.user.update({
        where,
        data: { posts: { updateMany: { where: { title: { contains: "o" } }, data: { body: "all" } } } },
        include: { posts: { orderBy: { id: "asc" } } },
      }),
  ],
  [
    "update of children by updateMany that finds none",
    (db) =>
      db.user.update({
        where,
        data: { posts: { updateMany: { where: { title: "x" }, data: { body: "y" } } } },
      }),
  ],
  [
    "upsert of a child that is there",
    (db) =>
      db.user.update({
        where,
        data: { posts: { upsert: { where: { id: 1 }, create: { title: "c" }, update: { title: "u" } } } },
      }),
  ],
  [
    "upsert of a child that is not",
    (db) =>
      db.user.update({
        where,
        data: { posts: { upsert: { where: { id: 70 }, create: { title: "c" }, update: { title: "u" } } } },
        include: { posts: true },
      }),
  ],
  [
    "upsert of another's child",
    (db) =>
      db.user.update({
        where,
        data: { posts: { upsert: { where: { id: 3 }, create: { title: "c" }, update: { title: "u" } } } },
        include: { posts: true },
      }),
  ],
  [
    "delete of a child",
    (db) => db.user.update({ where, data: { posts: { delete: { id: 2 } } }, include: { posts: true } }),
  ],
  [
    "delete of several children",
    (db) => db.user.update({ where, data: { posts: { delete: [{ id: 1 }, { id: 2 }] } } }),
  ],
  ["delete of another's child", (db) => db.user.update({ where, data: { posts: { delete: { id: 3 } } } })],
  [
    "delete of children by deleteMany",
    (db) =>
      db.user.update({ where, data: { posts: { deleteMany: { title: "two" } } }, include: { posts: true } }),
  ],
  ["delete of all children", (db) => db.user.update({ where, data: { posts: { deleteMany: {} } } })],
  [
    "disconnect of a child that needs its parent",
    (db) => db.user.update({ where, data: { posts: { ...extra({ disconnect: { id: 1 } }) } } }),
  ],
  [
    "several nested operations at once",
    (db) =>
      db.user.update({
        where,
        data: {
          name: "E",
          posts: {
            create: { title: "n" },
            connect: { id: 3 },
            update: { where: { id: 1 }, data: { title: "u" } },
            delete: { id: 2 },
          },
        },
        include: { posts: { orderBy: { id: "asc" } } },
      }),
  ],
  [
    "the same child twice",
    (db) =>
      db.user.update({
        where,
        data: {
          posts: {
            update: { where: { id: 1 }, data: { title: "u" } },
            updateMany: { where: { id: 1 }, data: { body: "m" } },
          },
        },
        include: { posts: { orderBy: { id: "asc" } } },
      }),
  ],
  [
    "a one-to-one child, created where there is one",
    (db) =>
      db.user.update({ where, data: { profile: { create: { bio: "n" } } }, include: { profile: true } }),
  ],
  [
    "a one-to-one child, created where there is none",
    (db) =>
      db.user.update({
        where: { id: 2 },
        data: { profile: { create: { bio: "n" } } },
        include: { profile: true },
      }),
  ],
  [
    "a one-to-one child, updated",
    (db) =>
      db.user.update({ where, data: { profile: { update: { bio: "u" } } }, include: { profile: true } }),
  ],
  [
    "a one-to-one child, updated on a condition that does not hold",
    (db) =>
      db.user.update({ where, data: { profile: { update: { where: { bio: "x" }, data: { bio: "u" } } } } }),
  ],
  [
    "a one-to-one child, updated where there is none",
    (db) => db.user.update({ where: { id: 2 }, data: { profile: { update: { bio: "u" } } } }),
  ],
  [
    "a one-to-one child, upserted where there is one",
    (db) =>
      db.user.update({
        where,
        data: { profile: { upsert: { create: { bio: "c" }, update: { bio: "u" } } } },
      }),
  ],
  [
    "a one-to-one child, upserted where there is none",
    (db) =>
      db.user.update({
        where: { id: 2 },
        data: { profile: { upsert: { create: { bio: "c" }, update: { bio: "u" } } } },
        include: { profile: true },
      }),
  ],
  ["a one-to-one child, deleted", (db) => db.user.update({ where, data: { profile: { delete: true } } })],
  [
    "a one-to-one child, deleted where there is none",
    (db) => db.user.update({ where: { id: 2 }, data: { profile: { delete: true } } }),
  ],
  [
    "a one-to-one child, deleted on a condition",
    (db) =>
      db.user.update({ where, data: { profile: { delete: { bio: "b" } } }, include: { profile: true } }),
  ],
  [
    "a one-to-one child, taken from another",
    (db) =>
      db.user.update({
        where: { id: 2 },
        data: { profile: { connect: { id: 1 } } },
        include: { profile: true },
      }),
  ],
  [
    "a one-to-one child, connectOrCreate",
    (db) =>
      db.user.update({
        where: { id: 2 },
        data: { profile: { connectOrCreate: { where: { id: 50 }, create: { bio: "c" } } } },
        include: { profile: true },
      }),
  ],
  [
    "a parent, updated",
    (db) => db.post.update({ where, data: { author: { update: { name: "P" } } }, include: { author: true } }),
  ],
  [
    "a parent, upserted",
    (db) =>
      db.post.update({ where, data: { author: { upsert: { create: { email }, update: { name: "P" } } } } }),
  ],
  [
    "a parent, replaced by a new one",
    (db) => db.post.update({ where, data: { author: { create: { email } } }, include: { author: true } }),
  ],
  [
    "a parent, replaced by connectOrCreate",
    (db) =>
      db.post.update({
        where,
        data: { author: { connectOrCreate: { where: { email }, create: { email } } } },
        include: { author: true },
      }),
  ],
  [
    "many-to-many, connected",
    (db) =>
      db.post.update({
        where: { id: 2 },
        data: { labels: { connect: { name: "red" } } },
        include: { labels: true },
      }),
  ],
  [
    "many-to-many, connected again",
    (db) =>
      db.post.update({ where, data: { labels: { connect: { name: "red" } } }, include: { labels: true } }),
  ],
  [
    "many-to-many, disconnected",
    (db) =>
      db.post.update({ where, data: { labels: { disconnect: [{ id: 1 }] } }, include: { labels: true } }),
  ],
  [
    "many-to-many, disconnected from what it has not",
    (db) => db.post.update({ where: { id: 2 }, data: { labels: { disconnect: [{ id: 1 }] } } }),
  ],
  [
    "many-to-many, set",
    (db) => db.post.update({ where, data: { labels: { set: [{ id: 2 }] } }, include: { labels: true } }),
  ],
  ["many-to-many, set to nothing", (db) => db.post.update({ where, data: { labels: { set: [] } } })],
  [
    "many-to-many, created, updated and deleted",
    (db) =>
      db.post.update({
        where,
        data: {
          labels: {
            create: { name: "green" },
            update: { where: { id: 1 }, data: { name: "crimson" } },
            delete: { id: 2 },
          },
        },
        include: { labels: { orderBy: { id: "asc" } } },
      }),
  ],
  [
    "many-to-many, by updateMany and deleteMany",
    (db) =>
      db.post.update({
        where,
        data: { labels: { updateMany: { where: { id: 1 }, data: { name: "x" } }, deleteMany: { id: 2 } } },
        include: { labels: true },
      }),
  ],
  [
    "a compound key, created and updated",
    (db) =>
      db.order.update({
        where: { id: orderId },
        data: {
          lines: {
            create: { sku: "B", quantity: 1 },
            update: { where: { orderId_sku: { orderId, sku: "A" } }, data: { quantity: { increment: 1 } } },
          },
        },
        include: { lines: { orderBy: { sku: "asc" } } },
      }),
  ],
  [
    "a compound key, changed by the update that finds it",
    (db) =>
      db.order.update({
        where: { id: orderId },
        data: {
          lines: {
            update: {
              where: { orderId_sku: { orderId, sku: "A" } },
              data: { product: { connect: { sku: "B" } } },
            },
          },
        },
        include: { lines: true },
      }),
  ],
  [
    "a compound key, upserted",
    (db) =>
      db.order.update({
        where: { id: orderId },
        data: {
          lines: {
            upsert: {
              where: { orderId_sku: { orderId, sku: "B" } },
              create: { sku: "B", quantity: 5 },
              update: { quantity: 6 },
            },
          },
        },
      }),
  ],
  [
    "three levels deep",
    (db) =>
      db.user.update({
        where,
        data: {
          orders: {
            update: {
              where: { id: orderId },
              data: {
                status: "PAID",
                payments: { create: { amount: 1, reference: "r9", createdAt: new Date(9_000) } },
                lines: { deleteMany: {} },
              },
            },
          },
        },
        include: everythingOfUser,
      }),
  ],
  [
    "a failing child after good ones",
    (db) =>
      db.user.update({
        where,
        data: {
          name: "E",
          posts: { create: { title: "n" }, update: { where: { id: 99 }, data: { title: "u" } } },
        },
      }),
  ],
  [
    "nested writes of a row that is not there",
    (db) => db.user.update({ where: { id: 99 }, data: { posts: { create: { title: "n" } } } }),
  ],
  [
    "a changed key with children",
    (db) =>
      db.user.update({
        where: { id: 2 },
        data: { id: 200, posts: { create: { title: "n" } } },
        include: { posts: true },
      }),
  ],
  [
    "a changed key that cascades",
    (db) => db.product.update({ where: { sku: "A" }, data: { sku: "Z" }, include: { lines: true } }),
  ],
  [
    "a fluent call after nested writes",
    (db) =>
      db.user
        .update({ where, data: { posts: { create: { title: "n" } } } })
        .posts({ orderBy: { id: "desc" } }),
  ],
];

/** Upserts, deletes and transactions with nested writes or cascades. */
export const nestedOtherCalls: readonly Call[] = [
  [
    "upsert of a new row with children",
    (db) =>
      db.user.upsert({
        where: { email },
        create: { email, posts: { create: { title: "c" } } },
        update: { posts: { deleteMany: {} } },
        include: { posts: true },
      }),
  ],
  [
    "upsert of a row that is there, with children",
    (db) =>
      db.user.upsert({
        where,
        create: { email, posts: { create: { title: "c" } } },
        update: { name: "U", posts: { deleteMany: { title: "one" } } },
        include: { posts: true },
      }),
  ],
  ["delete that cascades", (db) => db.user.delete({ where: { id: 3 }, include: { posts: true } })],
  [
    "delete that cascades over two levels",
    (db) =>
      db.$transaction([
        db.payment.deleteMany({ where: { orderId } }),
        db.order.delete({ where: { id: orderId } }),
      ]),
  ],
  ["delete that is restricted", (db) => db.product.delete({ where: { sku: "A" } })],
  [
    "nested writes in an interactive transaction",
    (db) =>
      db.$transaction(async (tx) => {
        const user = await tx.user.create({
          data: { email, posts: { create: { title: "a" } } },
          include: { posts: true },
        });
        const title = "b";
        return tx.post.update({
          where: { id: user.posts[0]?.id ?? 0 },
          data: { title, author: { update: { name: "In" } } },
          include: { author: true },
        });
      }),
  ],
  [
    "nested writes in a batch",
    (db) =>
      db.$transaction([
        db.user.update({ where, data: { posts: { create: { title: "a" } } }, include: { posts: true } }),
        db.user.update({ where, data: { posts: { deleteMany: { title: "a" } } }, include: { posts: true } }),
        db.order.update({ where: { id: otherOrderId }, data: { user: { update: { name: "B" } } } }),
      ]),
  ],
  [
    "nested writes at the same time",
    (db) =>
      Promise.all([
        db.user.update({ where, data: { profile: { update: { bio: "1" } } } }),
        db.user.update({
          where: { id: 2 },
          data: { orders: { update: { where: { id: otherOrderId }, data: { total: 3 } } } },
        }),
      ]),
  ],
];
