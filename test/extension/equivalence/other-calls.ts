import { type Call, extra, wrong } from "./call.js";
import { orderId } from "./seed.js";

const where = { id: 1 };
const data = { name: "Eve" };

export const deleteCalls: readonly Call[] = [
  ["delete", (db) => db.user.delete({ where: { id: 3 } })],
  [
    "delete by a unique field and a condition",
    (db) => db.user.delete({ where: { email: "cyd@example.org", name: "Cyd" } }),
  ],
  ["delete with a condition that does not hold", (db) => db.user.delete({ where: { id: 3, name: "x" } })],
  ["delete of nothing", (db) => db.user.delete({ where: { id: 99 } })],
  ["delete of a row that others need", (db) => db.user.delete({ where })],
  ["delete with select", (db) => db.user.delete({ where: { id: 3 }, select: { email: true } })],
  [
    "delete with select of a relation only",
    (db) => db.user.delete({ where: { id: 3 }, select: { posts: true } }),
  ],
  [
    "delete with include",
    (db) => db.user.delete({ where: { id: 3 }, include: { posts: true, _count: true } }),
  ],
  ["delete with omit", (db) => db.user.delete({ where: { id: 3 }, omit: { email: true } })],
  ["delete with an unknown argument", (db) => db.user.delete({ where: { id: 3 }, ...extra({ data: {} }) })],
  ["delete without arguments", (db) => db.user.delete(wrong(undefined))],
  [
    "delete by a named compound unique",
    (db) => db.payment.delete({ where: { orderReference: { orderId, reference: "r1" } } }),
  ],
  ["delete by a unique field that is no id", (db) => db.setting.delete({ where: { key: "theme" } })],
  ["delete of everything", (db) => db.everything.delete({ where })],
  ["deleteMany of a model that is not captured", (db) => db.post.deleteMany({ where: { authorId: 1 } })],
  [
    "delete of a model that is not captured",
    (db) => db.orderLine.delete({ where: { orderId_sku: { orderId, sku: "A" } } }),
  ],
];

export const fluentCalls: readonly Call[] = [
  ["update and a list", (db) => db.user.update({ where, data }).posts()],
  [
    "update and a list with arguments",
    (db) => db.user.update({ where, data }).posts({ where: { title: "two" }, select: { title: true } }),
  ],
  ["update and a relation that is not there", (db) => db.user.update({ where: { id: 2 }, data }).profile()],
  [
    "update and two levels",
    (db) =>
      db.user
        .update({ where, data })
        .profile()
        .user({ select: { email: true } }),
  ],
  [
    "update and three levels",
    (db) =>
      db.order
        .update({ where: { id: orderId }, data: { total: 1 } })
        .user()
        .profile()
        .user(),
  ],
  ["update with select and a list", (db) => db.user.update({ where, data, select: { id: true } }).posts()],
  ["update of nothing and a list", (db) => db.user.update({ where: { id: 99 }, data }).posts()],
  ["create and a list", (db) => db.user.create({ data: { email: "n@x" } }).posts()],
  ["create and a relation", (db) => db.order.create({ data: { userId: 1 } }).user()],
  [
    "upsert and a list",
    (db) =>
      db.user.upsert({ where, create: { email: "n@x" }, update: data }).orders({ omit: { number: true } }),
  ],
  ["delete and a list", (db) => db.user.delete({ where: { id: 3 } }).posts()],
  ["delete and a relation", (db) => db.payment.delete({ where }).order().user()],
  ["an unknown argument of a relation", (db) => db.user.update({ where, data }).posts(wrong({ nope: 1 }))],
  [
    "a relation that is none",
    (db) => wrong(db.user.update({ where, data }) as unknown as { nope(): unknown })["nope"],
  ],
];

export const readCalls: readonly Call[] = [
  ["findMany", (db) => db.user.findMany({ include: { posts: true }, orderBy: { id: "asc" } })],
  ["findUnique", (db) => db.user.findUnique({ where, omit: { email: true } })],
  ["findUnique of nothing", (db) => db.user.findUnique({ where: { id: 99 } })],
  ["findUniqueOrThrow of nothing", (db) => db.user.findUniqueOrThrow({ where: { id: 99 } })],
  ["findFirst", (db) => db.user.findFirst({ orderBy: { id: "desc" }, select: { name: true } })],
  ["findUnique and two levels", (db) => db.user.findUnique({ where }).profile().user()],
  ["findUnique with an unknown argument", (db) => db.user.findUnique({ where, ...extra({ event: "x" }) })],
  ["count", (db) => db.user.count({ where: { name: { not: null } } })],
  ["aggregate", (db) => db.product.aggregate({ _sum: { price: true }, _max: { stock: true } })],
  ["groupBy", (db) => db.order.groupBy({ by: ["status"], _count: true, orderBy: { status: "asc" } })],
  ["$queryRaw", (db) => db.$queryRaw`select id, email from users order by id`],
  ["$executeRaw", (db) => db.$executeRaw`update users set name = 'raw'`],
  ["$queryRaw that fails", (db) => db.$queryRaw`select 1 / 0`],
];

export const transactionCalls: readonly Call[] = [
  [
    "an interactive transaction",
    (db) =>
      db.$transaction(async (tx) => [
        await tx.user.update({ where, data, select: { name: true } }),
        await tx.user.delete({ where: { id: 3 } }),
        await tx.user.count(),
      ]),
  ],
  [
    "an interactive transaction that throws",
    (db) =>
      db.$transaction(async (tx) => {
        await tx.user.update({ where, data });
        throw new Error("mine");
      }),
  ],
  [
    "an interactive transaction that goes on after an error",
    (db) =>
      db.$transaction(async (tx) => {
        await tx.user.create({ data: { email: "ann@example.org" } }).catch(() => undefined);
        return tx.user.count();
      }),
  ],
  [
    "a nested transaction that saves the outer one",
    (db) =>
      db.$transaction(async (tx) => {
        await tx
          .$transaction((nested) => nested.user.create({ data: { email: "ann@example.org" } }))
          .catch(() => undefined);
        return tx.user.update({ where, data });
      }),
  ],
  [
    "a call in a transaction that has ended",
    async (db) => {
      let late: Parameters<Parameters<typeof db.$transaction>[0]>[0] | undefined;
      await db.$transaction(async (tx) => {
        late = tx;
      });
      return late?.user.update({ where, data });
    },
  ],
  [
    "a batch",
    (db) =>
      db.$transaction([
        db.user.update({ where, data, select: { name: true } }),
        db.user.findMany({ select: { name: true }, orderBy: { id: "asc" } }),
        db.$queryRaw`select 1 as one`,
        db.user.count(),
        db.user.delete({ where: { id: 3 } }),
      ]),
  ],
  [
    "three levels of transactions",
    (db) =>
      db.$transaction((tx) =>
        tx.$transaction(async (second) => {
          await second
            .$transaction(async (third) => {
              await third.user.update({ where, data });
              throw new Error("mine");
            })
            .catch(() => undefined);
          return second.user.delete({ where: { id: 3 } });
        }),
      ),
  ],
  [
    "a call on a transaction while a nested one is open",
    (db) =>
      db.$transaction((tx) =>
        tx
          .$transaction(async () => {
            await tx.user.update({ where, data });
            throw new Error("mine");
          })
          .catch((error: Error) => error.message),
      ),
  ],
  [
    "a batch with fluent calls",
    (db) =>
      db.$transaction([
        db.user.update({ where, data }).posts({ select: { title: true } }),
        db.user.findUnique({ where }).posts(),
      ]),
  ],
  [
    "a batch that fails",
    (db) => db.$transaction([db.user.update({ where, data }), db.user.update({ where: { id: 99 }, data })]),
  ],
  [
    "a batch that fails on a duplicate",
    (db) =>
      db.$transaction([
        db.user.create({ data: { email: "x@y" } }),
        db.user.create({ data: { email: "x@y" } }),
      ]),
  ],
  [
    "a batch that is not valid",
    (db) => db.$transaction([db.user.update({ where, data: wrong({ nope: 1 }) }), db.user.count()]),
  ],
  ["an empty batch", (db) => db.$transaction([])],
  ["a batch of reads", (db) => db.$transaction([db.user.count(), db.post.count()])],
  ["a batch of something else", (db) => db.$transaction(wrong([Promise.resolve(1)]))],
  ["a batch of a call and something else", (db) => db.$transaction(wrong([db.user.count(), 1]))],
  ["a transaction of nothing", (db) => db.$transaction(wrong(undefined))],
  [
    "a batch with an isolation level",
    (db) =>
      db.$transaction(
        [
          db.user.update({ where, data }),
          db.$queryRaw`select current_setting('transaction_isolation') as level`,
        ],
        { isolationLevel: "Serializable" },
      ),
  ],
  [
    "a promise's methods",
    async (db) => {
      const done: string[] = [];
      await db.user.update({ where, data }).finally(() => done.push("finally"));
      await db.user.update({ where: { id: 99 }, data }).catch((error) => done.push(error.code));
      return done;
    },
  ],
  [
    "a promise's look",
    (db) => {
      const promise = db.user.update({ where, data });
      return [String(promise), Object.keys(promise).sort()];
    },
  ],
  [
    "awaiting a promise twice",
    async (db) => {
      const promise = db.product.update({ where: { sku: "A" }, data: { stock: { increment: 1 } } });
      return [await promise, await promise];
    },
  ],
];
