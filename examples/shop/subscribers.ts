// The handling side: what follows from the shop's events. Runs in worker processes.
import { defineSubscriber, type EventOf, fixed, type HandlerContext } from "ex-event-bus";

import type { ShopPrisma } from "./db.js";
import {
  OrderCancelled,
  OrderPlaced,
  PaymentReceived,
  PaymentRefunded,
  StockRanLow,
  UserEmailChanged,
  UserRegistered,
} from "./events.js";

declare module "ex-event-bus" {
  interface Register {
    prisma: ShopPrisma;
  }
}

type Amount = EventOf<typeof PaymentReceived>["aggregate"]["amount"];
type Transaction = Parameters<Parameters<ShopPrisma["$transaction"]>[0]>[0];

/**
 * A delivery can be made more than once, say when a worker dies between the work and the record of it. So the
 * delivery's key is stored in the transaction of its effects: whoever finds it there already does nothing.
 */
async function once(ctx: HandlerContext, work: (tx: Transaction) => Promise<unknown>): Promise<void> {
  await ctx.prisma.$transaction(async (tx) => {
    const { count } = await tx.applied.createMany({
      data: { key: ctx.idempotencyKey },
      skipDuplicates: true,
    });
    if (count > 0) await work(tx);
  });
}

/** A mailer would be given `ctx.idempotencyKey` too, to send each mail once. */
export const welcomeMail = defineSubscriber({
  name: "welcome-mail",
  events: [UserRegistered, UserEmailChanged],
  handle(event, ctx) {
    const { email, name } = event.aggregate;
    if (event.name === "UserRegistered") ctx.log.info(`Mail to ${email}: Welcome, ${name ?? "stranger"}!`);
    else ctx.log.info(`Mail to ${event.initialData.email}: your address is now ${email}`);
  },
});

/** Its updates of products are captured as well: when a stock runs low, that is an event with this one as its cause. */
export const stockKeeper = defineSubscriber({
  name: "stock-keeper",
  events: [OrderPlaced, OrderCancelled],
  async handle(event, ctx) {
    await once(ctx, async (tx) => {
      const { reserved, lines } =
        event.name === "OrderPlaced"
          ? { reserved: 1, lines: event.aggregate.lines }
          : { reserved: -1, lines: await tx.orderLine.findMany({ where: { orderId: event.aggregate.id } }) };
      // Always in the same order, so that two deliveries never wait for each other.
      for (const { sku, quantity } of lines.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))) {
        await tx.product.update({ where: { sku }, data: { stock: { decrement: reserved * quantity } } });
        ctx.log.info(`${reserved > 0 ? "Reserved" : "Returned"} ${quantity} × ${sku}`);
      }
    });
  },
});

/** A projection: what every user has ordered and paid. Adding and subtracting, it needs no order of the events. */
export const balanceProjection = defineSubscriber({
  name: "balance-projection",
  events: [OrderPlaced, PaymentReceived, PaymentRefunded],
  async handle(event, ctx) {
    await once(ctx, async (tx) => {
      if (event.name === "OrderPlaced") return addToBalance(tx, event.aggregate.userId, 1, 0);
      const { orderId, amount } = event.aggregate;
      const { userId } = await tx.order.findUniqueOrThrow({ where: { id: orderId } });
      return addToBalance(tx, userId, 0, event.name === "PaymentReceived" ? amount : amount.negated());
    });
  },
});

async function addToBalance(
  tx: Transaction,
  userId: number,
  orders: number,
  paid: Amount | number,
): Promise<void> {
  await tx.balance.upsert({
    where: { userId },
    create: { userId, orders, paid },
    update: { orders: { increment: orders }, paid: { increment: paid } },
  });
}

/** Talks to a service that does not always answer: the first attempt fails, the second one follows by itself. */
export const supplier = defineSubscriber({
  name: "supplier",
  events: [StockRanLow],
  retry: { maxAttempts: 5, backoff: fixed(400) },
  async handle(event, ctx) {
    if (ctx.attempt === 1) throw new Error("The supplier's line is busy");
    const { sku } = event.aggregate;
    await once(ctx, (tx) => tx.product.update({ where: { sku }, data: { stock: { increment: 20 } } }));
    ctx.log.info(`Ordered 20 × ${sku} at the supplier's`);
  },
});
