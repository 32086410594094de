import { describe, expect, it } from "vitest";

import { compareTraffic, isExact } from "../../examples/flights/compare-traffic.js";
import { compareBalances } from "../../examples/shop/compare-balances.js";
import { executorOf } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import type { HandlerContext } from "../../src/registry/handler-context.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { testDatabase } from "../support/database.js";

const { pool, url } = await testDatabase();
// The examples' clients are made when their modules are loaded.
process.env["DATABASE_URL"] = url;

/** Makes every delivery twice, the last event's first: the worst that a worker may do. */
async function deliverBackwardsTwice(subscribers: readonly Subscriber[], prisma: unknown): Promise<void> {
  const events = await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES);
  for (const event of events.toReversed()) {
    for (const subscriber of subscribers) {
      if (!subscriber.events.some(({ name }) => name === event.name)) continue;
      const idempotencyKey = `${event.id}:${subscriber.name}`;
      const ctx = { attempt: 1, idempotencyKey, prisma, log: console } as unknown as HandlerContext;
      await subscriber.handle(event as never, ctx);
      await subscriber.handle(event as never, ctx);
    }
  }
}

describe("the balance projection", () => {
  it("is true when deliveries come backwards and twice", async () => {
    const { prisma } = await import("../../examples/shop/db.js");
    const { OrderPlaced } = await import("../../examples/shop/events.js");
    const { balanceProjection } = await import("../../examples/shop/subscribers.js");
    const user = await prisma.user.create({ data: { email: "ada@example.org" } });
    const order = await prisma.order.create({ data: { userId: user.id } });
    await prisma.$publish(
      OrderPlaced({ userId: user.id, lines: [{ sku: "lamp", quantity: 1 }] }, { aggregateKey: order.id }),
    );
    const pay = (amount: string, reference: string) =>
      prisma.payment.create({ data: { orderId: order.id, amount, reference } });
    await pay("10.10", "a");
    const refunded = await pay("20.20", "b");
    await prisma.payment.delete({ where: { id: refunded.id } });

    await deliverBackwardsTwice([balanceProjection], prisma);
    await prisma.$disconnect();
    const [balance] = await compareBalances(pool);
    expect(balance).toMatchObject({
      orders: 1,
      paid: "10.10",
      projected: { orders: 1, paid: "10.10" },
      isEqual: true,
    });

    await pool.query(`update "Balance" set paid = paid + 0.01`);
    expect(await compareBalances(pool)).toMatchObject([{ isEqual: false }]);
  });
});

describe("the traffic projections", () => {
  it("are exact when deliveries come backwards and twice", async () => {
    const { prisma } = await import("../../examples/flights/db.js");
    const { flightData } = await import("../../examples/flights/flight-data.js");
    const { countMutations, loadFlights } = await import("../../examples/flights/load-flights.js");
    const { trafficSubscribers } = await import("../../examples/flights/subscribers.js");
    const data = flightData(60);
    let mutations = 0;
    await loadFlights(prisma, data, () => {
      mutations += 1;
    });
    expect(mutations).toBe(countMutations(data));

    await deliverBackwardsTwice(trafficSubscribers(prisma), prisma);
    await prisma.$disconnect();
    const comparisons = await compareTraffic(pool);
    expect(comparisons).toMatchObject([{ differences: [] }, { differences: [] }]);
    expect(isExact(comparisons)).toBe(true);
  });
});
