import { PrismaClient } from "generated-client";
import { eventsFor } from "../../../src/registry/define-event.js";
import type { EventOf } from "../../../src/registry/event-type.js";
import { type Equal, expectType } from "../expect-type.js";
import { adapter, base, eventBus } from "../shop.js";

// With the generator `prisma-client`, a client's type says all that `Prisma.TypeMap` says.

const UserRegistered = eventsFor<typeof base>().defineEvent("UserRegistered", { model: "User" });
expectType<Equal<EventOf<typeof UserRegistered>["aggregate"]["email"], string>>();
expectType<Equal<EventOf<typeof UserRegistered>["changes"]["createdAt"], Date | undefined>>();
// @ts-expect-error there is no such model
eventsFor<typeof base>().defineEvent("Unknown", { model: "Nope" });

const prisma = base.$extends(
  eventBus({
    events: [UserRegistered],
    capture: { User: { create: { event: UserRegistered, when: (event) => event.aggregate.name !== null } } },
  }),
);
const where = { id: 1 };
const user = await prisma.user.update({
  where,
  data: { name: "Ann" },
  event: UserRegistered,
  include: { posts: true },
});
expectType<Equal<(typeof user.posts)[number]["title"], string>>();
await prisma.$publish(UserRegistered(user));

// A client that the extension is in already says it too.
eventsFor<typeof prisma>().defineEvent("Again", { model: "Order" });

// And of a global omit.
const sparing = new PrismaClient({ adapter, omit: { user: { name: true } } });
const UserRenamed = eventsFor<typeof sparing>().defineEvent("UserRenamed", { model: "User" });
const extended = sparing.$extends(eventBus({ events: [UserRenamed] }));
const renamed = [
  await sparing.user.update({ where, data: { name: "Ann" } }),
  await extended.user.update({ where, data: { name: "Ann" }, event: UserRenamed }),
] as const;
expectType<Equal<(typeof renamed)[0], (typeof renamed)[1]>>();
// @ts-expect-error omitted globally
renamed[1].name;
expectType<Equal<EventOf<typeof UserRenamed>["aggregate"]["name"], string | null>>();
