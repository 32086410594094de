import { defineSubscriber } from "../../../src/registry/define-subscriber.js";
import type { TransactionOf } from "../../../src/registry/register.js";
import { type Equal, expectType } from "../expect-type.js";
import { type prisma, UserRegistered } from "../shop.js";

// A program of its own, because a registration is for a whole program. An application writes "ex-event-bus"
// here.
declare module "./package-entry.js" {
  interface Register {
    prisma: typeof prisma;
  }
}

defineSubscriber({
  name: "greet",
  events: [UserRegistered],
  async handle(event, { prisma: client }) {
    expectType<Equal<typeof client, typeof prisma>>();
    await client.user.update({
      where: { id: event.aggregate.id },
      data: { name: "Ann" },
      event: UserRegistered,
    });
    // @ts-expect-error there is no such model
    client.nope;
  },
});

defineSubscriber({
  name: "count",
  events: [UserRegistered],
  transactional: true,
  async handle(event, { tx }) {
    expectType<Equal<typeof tx, TransactionOf<typeof prisma>>>();
    const { id } = event.aggregate;
    await tx.user.update({ where: { id }, data: { name: "Ann" }, event: UserRegistered });
    // @ts-expect-error there is no such model
    tx.nope;
  },
});
