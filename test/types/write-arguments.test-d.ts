import { type Equal, expectType } from "./expect-type.js";
import {
  base,
  InvoiceDue,
  NeverListed,
  OrderPaid,
  PostGone,
  prisma,
  UserEmailChanged,
  UserRegistered,
} from "./shop.js";

const where = { id: 1 };
const data = { email: "a@b.c" };

// Every write accepts events of its model that the extension was given, and metadata.
await prisma.user.create({
  data,
  event: UserRegistered,
  eventMetadata: { actor: "admin", reason: ["x", 1] },
});
await prisma.user.update({ where, data, event: [UserRegistered, UserEmailChanged] });
await prisma.user.update({ where, data, event: undefined, eventMetadata: undefined });
await prisma.user.upsert({ where, create: data, update: data, event: UserRegistered, silentOnUpdate: true });
await prisma.user.delete({ where, event: UserEmailChanged, select: { id: true } });
await prisma.user.createMany({ data: [data], event: UserRegistered, skipDuplicates: true });
await prisma.user.createManyAndReturn({ data: [data], event: [UserRegistered] });
await prisma.user.updateMany({ where, data, event: UserEmailChanged, eventMetadata: { tenant: 7 } });
await prisma.user.updateManyAndReturn({ where, data, event: UserEmailChanged });
await prisma.user.deleteMany({ where, event: UserRegistered });
await prisma.user.deleteMany();
await prisma.profile.update({ where, data: { bio: "x" }, eventMetadata: { actor: "admin" } });

const chosen = Math.random() > 0.5 ? UserRegistered : UserEmailChanged;
await prisma.user.update({ where, data, event: chosen });
const several = [UserRegistered, UserEmailChanged];
await prisma.user.update({ where, data, event: several });
await prisma.user.update({ where, data, ...(several.length > 1 ? { event: UserRegistered } : {}) });

// @ts-expect-error an event of another model
await prisma.user.update({ where, data, event: PostGone });
// @ts-expect-error an event of another model in a list
await prisma.user.update({ where, data, event: [UserRegistered, PostGone] });
// @ts-expect-error an event of another model
await prisma.post.delete({ where, event: UserRegistered });
// @ts-expect-error an event of another model
await prisma.user.createMany({ data: [data], event: OrderPaid });
// @ts-expect-error an event without a model
await prisma.user.create({ data, event: InvoiceDue });
// @ts-expect-error an event that the extension was not given
await prisma.user.create({ data, event: NeverListed });
// @ts-expect-error the name is not the event
await prisma.user.create({ data, event: "UserRegistered" });
// @ts-expect-error a draft is not the event type
await prisma.user.create({ data, event: UserRegistered(await prisma.user.findFirstOrThrow()) });
// @ts-expect-error no event of this model was given
await prisma.profile.update({ where, data: { bio: "x" }, event: UserRegistered });
// @ts-expect-error metadata are JSON
await prisma.user.create({ data, eventMetadata: { at: new Date() } });
// @ts-expect-error a correlation id is a text
await prisma.user.create({ data, eventMetadata: { correlationId: 1 } });
// @ts-expect-error only upsert has an update branch
await prisma.user.create({ data, silentOnUpdate: true });
// @ts-expect-error a boolean
await prisma.user.upsert({ where, create: data, update: data, silentOnUpdate: "yes" });

// Reads accept none of it.
// @ts-expect-error event on a read
await prisma.user.findMany({ event: UserRegistered });
// @ts-expect-error event on a read
await prisma.user.findUnique({ where, event: UserRegistered });
// @ts-expect-error metadata on a read
await prisma.user.count({ eventMetadata: { actor: "admin" } });
// @ts-expect-error a client without the extension
await base.user.create({ data, event: UserRegistered });

// Prisma's own arguments are checked as before.
// @ts-expect-error unknown field
await prisma.user.update({ where, data: { nope: 1 } });
// @ts-expect-error unknown field beside an event
await prisma.user.update({ where, data: { nope: 1 }, event: UserRegistered });
// @ts-expect-error unknown field in a nested write
await prisma.user.create({ data: { email: "x", posts: { create: { nope: 1 } } }, event: UserRegistered });
// @ts-expect-error unknown field in a selection
await prisma.user.update({ where, data, select: { nope: true }, event: UserRegistered });
// @ts-expect-error unknown argument
await prisma.user.update({ where, data, evnt: UserRegistered });
// @ts-expect-error a unique field is needed
await prisma.user.update({ where: { name: "x" }, data, event: UserRegistered });
// @ts-expect-error arguments are needed
await prisma.user.create();
// @ts-expect-error arguments are needed
await prisma.user.createMany();
// @ts-expect-error data are needed
await prisma.user.create({ event: UserRegistered });

// All of it in transactions too.
await prisma.$transaction(async (tx) => {
  const user = await tx.user.update({ where, data, event: UserEmailChanged, select: { id: true } });
  expectType<Equal<typeof user, { id: number }>>();
  // @ts-expect-error an event of another model
  await tx.user.update({ where, data, event: PostGone });
  // @ts-expect-error event on a read
  await tx.user.findMany({ event: UserRegistered });
});
const batch = await prisma.$transaction([
  prisma.user.create({ data, event: UserRegistered, select: { id: true } }),
  prisma.user.count(),
]);
expectType<Equal<typeof batch, [{ id: number }, number]>>();
