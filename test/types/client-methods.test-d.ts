import type { Prisma } from "generated-client";
import type { PublishResult } from "../../src/registry/event.js";
import type { EventOf } from "../../src/registry/event-type.js";
import { type Equal, expectType } from "./expect-type.js";
import { base, InvoiceDue, NeverListed, prisma, UserRegistered } from "./shop.js";

const row = await prisma.user.findFirstOrThrow();
const registered = UserRegistered(row);
const due = InvoiceDue({ invoiceId: "i1", dueAt: "2030-01-01" });

// $publish
const result = await prisma.$publish(registered);
expectType<Equal<typeof result, PublishResult>>();
expectType<Equal<(typeof result.events)[number]["position"], number>>();
expectType<Equal<typeof result.deliveries, number>>();
await prisma.$publish([registered, due]);
await prisma.$publish([]);
// @ts-expect-error an event that the extension was not given
await prisma.$publish(NeverListed(row));
// @ts-expect-error the event type is not an event
await prisma.$publish(UserRegistered);
// @ts-expect-error not a list of arguments
await prisma.$publish(registered, due);
// @ts-expect-error a result cannot be changed
result.deliveries = 0;
declare const stored: EventOf<typeof UserRegistered>;
// @ts-expect-error published already
await prisma.$publish(stored);
// @ts-expect-error a client without the extension
await base.$publish(registered);

// It is one of Prisma's promises, and so may be in an array.
const promise: Prisma.PrismaPromise<PublishResult> = prisma.$publish(due);
const batch = await prisma.$transaction([prisma.user.count(), prisma.$publish(due)]);
expectType<Equal<typeof batch, [number, PublishResult]>>();

await prisma.$transaction(async (tx) => {
  expectType<Equal<typeof tx.$publish, typeof prisma.$publish>>();
  await tx.$publish([registered, due]);
  const count = await tx.$withEventMetadata({ actor: "admin" }, () => tx.user.count());
  expectType<Equal<typeof count, number>>();
  await tx.$withoutEvents(() => tx.user.deleteMany());
});

// $withEventMetadata and $withoutEvents return what the function returns.
const created = await prisma.$withEventMetadata({ actor: "admin" }, () =>
  prisma.user.create({ data: { email: "a@b.c" }, select: { id: true } }),
);
expectType<Equal<typeof created, { id: number }>>();
const sync = await prisma.$withEventMetadata({ tenant: { id: 1 } }, () => 1);
expectType<Equal<typeof sync, number>>();
const silent = await prisma.$withoutEvents(async () => "done" as const);
expectType<Equal<typeof silent, "done">>();
// @ts-expect-error metadata are JSON
await prisma.$withEventMetadata({ at: new Date() }, () => 1);
// @ts-expect-error a function is needed
await prisma.$withoutEvents(prisma.user.count());

// Later extensions see them, and keep them.
const later = prisma.$extends({
  client: {
    async $publishTwice(this: unknown) {
      return 2;
    },
  },
});
await later.$publish(registered);
await later.$publishTwice();
