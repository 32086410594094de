import type { Prisma } from "generated-client";
import { type Equal, expectType } from "./expect-type.js";
import { base, eventBus, prisma, UserRegistered } from "./shop.js";

// Whatever a client returns without the extension, it returns with it: each call is made on both.

const where = { id: 1 };
const data = { email: "a@b.c" };
const event = UserRegistered;
const computed = {
  result: {
    user: { domain: { needs: { email: true }, compute: (user: { email: string }) => user.email.length } },
  },
  model: { user: { hello: async () => 1 }, $allModels: { exists: async () => true } },
} as const;

const before = base.$extends(computed);
const after = prisma.$extends(computed);
const below = base.$extends(computed).$extends(eventBus({ events: [UserRegistered] }));

const create = [
  await before.user.create({ data }),
  await after.user.create({ data, event }),
  await below.user.create({ data, event }),
] as const;
expectType<Equal<(typeof create)[0], (typeof create)[1]>>();
expectType<Equal<(typeof create)[0], (typeof create)[2]>>();
expectType<Equal<(typeof create)[1]["domain"], number>>();

const select = {
  id: true,
  domain: true,
  posts: { select: { title: true, author: { select: { domain: true } } } },
} as const;
const selected = [
  await before.user.update({ where, data, select }),
  await after.user.update({ where, data, select, event }),
  await below.user.update({ where, data, select, event }),
] as const;
expectType<Equal<(typeof selected)[0], (typeof selected)[1]>>();
expectType<Equal<(typeof selected)[0], (typeof selected)[2]>>();
expectType<
  Equal<
    (typeof selected)[1],
    { id: number; domain: number; posts: { title: string; author: { domain: number } }[] }
  >
>();

const include = { posts: { include: { labels: true }, omit: { body: true } }, _count: true } as const;
const included = [
  await before.user.upsert({ where, create: data, update: data, include }),
  await after.user.upsert({ where, create: data, update: data, include, event, silentOnUpdate: true }),
] as const;
expectType<Equal<(typeof included)[0], (typeof included)[1]>>();

const omit = { email: true, name: true } as const;
const omitted = [
  await before.user.delete({ where, omit }),
  await after.user.delete({ where, omit, event }),
] as const;
expectType<Equal<(typeof omitted)[0], (typeof omitted)[1]>>();
// @ts-expect-error omitted
omitted[1].email;

const many = [
  [await before.user.createMany({ data }), await after.user.createMany({ data, event })],
  [await before.user.updateMany({ data }), await after.user.updateMany({ data, event })],
  [await before.user.deleteMany(), await after.user.deleteMany()],
  [
    await before.user.createManyAndReturn({ data, select: { id: true } }),
    await after.user.createManyAndReturn({ data, select: { id: true }, event }),
  ],
  [
    await before.user.updateManyAndReturn({ data, omit }),
    await after.user.updateManyAndReturn({ data, omit, event }),
  ],
] as const;
expectType<Equal<(typeof many)[0][0], (typeof many)[0][1]>>();
expectType<Equal<(typeof many)[1][0], (typeof many)[1][1]>>();
expectType<Equal<(typeof many)[2][0], (typeof many)[2][1]>>();
expectType<Equal<(typeof many)[3][0], (typeof many)[3][1]>>();
expectType<Equal<(typeof many)[4][0], (typeof many)[4][1]>>();

// Fluent calls, also those of later and earlier extensions, and over several relations.
const fluent = [
  await before.user.update({ where, data }).posts({ select: { id: true } }),
  await after.user.update({ where, data, event }).posts({ select: { id: true } }),
] as const;
expectType<Equal<(typeof fluent)[0], (typeof fluent)[1]>>();
expectType<Equal<(typeof fluent)[1], { id: number }[]>>();
const far = [
  await before.profile.delete({ where }).user({ include: { posts: true } }),
  await after.profile.delete({ where }).user({ include: { posts: true } }),
  await below.profile.delete({ where }).user({ include: { posts: true } }),
] as const;
expectType<Equal<(typeof far)[0], (typeof far)[1]>>();
expectType<Equal<(typeof far)[0], (typeof far)[2]>>();
expectType<Equal<(typeof far)[1]["domain"], number>>();
const back = [
  await before.user
    .delete({ where })
    .profile()
    .user({ select: { id: true, domain: true } }),
  await after.user
    .delete({ where, event })
    .profile()
    .user({ select: { id: true, domain: true } }),
] as const;
expectType<Equal<(typeof back)[0], (typeof back)[1]>>();
expectType<Equal<(typeof back)[1], { id: number; domain: number } | null>>();
// @ts-expect-error unknown field
after.user.update({ where, data }).posts({ select: { nope: true } });
// @ts-expect-error unknown relation
after.user.update({ where, data }).nope();

// Later extensions, reads, raw queries and the client's own methods.
expectType<Equal<typeof after.user.findMany, typeof before.user.findMany>>();
expectType<Equal<typeof after.user.hello, typeof before.user.hello>>();
expectType<Equal<typeof after.post.exists, typeof before.post.exists>>();
expectType<Equal<typeof after.$queryRaw, typeof before.$queryRaw>>();
expectType<Equal<typeof after.$disconnect, typeof before.$disconnect>>();
await after.$transaction(async (tx) => {
  const inside = await tx.user.update({ where, data, event, select: { domain: true } });
  expectType<Equal<typeof inside, { domain: number }>>();
  // @ts-expect-error not in a transaction
  await tx.$disconnect();
});
const promise: Prisma.PrismaPromise<{ id: number }> = prisma.user.create({
  data,
  event,
  select: { id: true },
});
await base.$transaction([promise, prisma.user.deleteMany({ event })]);

// An extension without events of a model leaves the models alone.
const bare = base.$extends(eventBus({ events: [] }));
const plain = base.$extends({});
expectType<Equal<typeof bare.profile.update, typeof plain.profile.update>>();
const created = await bare.user.create({ data });
expectType<Equal<typeof created.email, string>>();
