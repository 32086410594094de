import { type Prisma, PrismaClient } from "generated-client";
import { eventsFor } from "../../src/registry/define-event.js";
import { type Equal, expectType } from "./expect-type.js";
import { adapter, eventBus, shop } from "./shop.js";

// A global omit is in the type of the client and in its type map. Given with the type map, all results keep
// it.

const before = new PrismaClient({ adapter, omit: { user: { name: true }, post: { body: true } } });

// biome-ignore lint/suspicious/noExplicitAny: Prisma does not export the default of its first parameter
type OmittingTypeMap = Prisma.TypeMap<any, { user: { name: true }; post: { body: true } }>;
const UserRegistered = eventsFor<OmittingTypeMap>().defineEvent("UserRegistered", { model: "User" });
const after = before.$extends(eventBus({ events: [UserRegistered] }));

const where = { id: 1 };
const data = { email: "a@b.c" };
const plain = [
  await before.user.create({ data }),
  await after.user.create({ data, event: UserRegistered }),
] as const;
expectType<Equal<(typeof plain)[0], (typeof plain)[1]>>();
// @ts-expect-error omitted globally
plain[1].name;

const include = { posts: true } as const;
const included = [
  await before.user.update({ where, data, include }),
  await after.user.update({ where, data, include, event: UserRegistered }),
] as const;
expectType<Equal<(typeof included)[0], (typeof included)[1]>>();
// @ts-expect-error omitted globally
included[1].posts[0]?.body;

const omit = { name: false } as const;
const shown = [
  await before.user.delete({ where, omit }),
  await after.user.delete({ where, omit, event: UserRegistered }),
] as const;
expectType<Equal<(typeof shown)[0], (typeof shown)[1]>>();
expectType<Equal<(typeof shown)[1]["name"], string | null>>();

// The event has every field all the same.
after.$publish(UserRegistered({ ...plain[1], name: "Ann" }));

// Without that in the type map, the results of a model still lack what the model's reads lack.
const UserRenamed = shop.defineEvent("UserRenamed", { model: "User" });
const unaware = before.$extends(eventBus({ events: [UserRenamed] }));
const event = UserRenamed;
const unawarePlain = [
  await before.user.create({ data }),
  await unaware.user.create({ data, event }),
] as const;
expectType<Equal<(typeof unawarePlain)[0], (typeof unawarePlain)[1]>>();
const unawareMany = [
  await before.user.updateManyAndReturn({ data }),
  await unaware.user.updateManyAndReturn({ data, event }),
] as const;
expectType<Equal<(typeof unawareMany)[0], (typeof unawareMany)[1]>>();
const unawareShown = [
  await before.user.delete({ where, omit }),
  await unaware.user.delete({ where, omit, event }),
] as const;
expectType<Equal<(typeof unawareShown)[0], (typeof unawareShown)[1]>>();
