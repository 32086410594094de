import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { eventBus } from "../../src/extension/event-bus.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { TransactionOf } from "../../src/registry/register.js";
import { deliveriesOf } from "../../src/testing/deliveries-of.js";
import { drain } from "../../src/testing/drain.js";
import { publishedEvents } from "../../src/testing/published-events.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { testDatabase } from "../support/database.js";

const { pool, url } = await testDatabase();
const Placed = defineEvent("Placed", { schema: z.object({ n: z.number() }) });
const Dated = defineEvent("Dated", { schema: z.object({ at: z.date(), total: z.bigint() }) });
const Counted = defineEvent("Counted", { schema: z.object({ n: z.number() }) });
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) }).$extends(
  eventBus({ events: [Placed, Counted, Dated] }),
);
type Tx = TransactionOf<typeof prisma>;
afterAll(() => prisma.$disconnect());

const counts = defineSubscriber({
  name: "counts",
  events: [Placed],
  transactional: true,
  async handle(event, ctx) {
    const tx = ctx.tx as unknown as Tx;
    const { n } = event.aggregate;
    await tx.balance.create({ data: { userId: n } });
    await tx.$publish(Counted({ n }, { aggregateKey: n }));
    if (n === 2) throw new Error("not 2");
    if (n === 3) await tx.$executeRaw`select 1/0`.catch(() => undefined);
  },
});
const subscribers = [counts];

beforeEach(async () => {
  await pool.query(`truncate event_bus.events, event_bus.deliveries, event_bus.subscriptions, "Balance"`);
  await subscribe({ client: pool, subscribers });
});

const counted = async (client: Tx | typeof prisma = prisma) =>
  (await client.balance.findMany({ orderBy: { userId: "asc" } })).map(({ userId }) => userId);

describe("drain of a transactional subscriber", () => {
  it("commits each delivery with what its handler writes and publishes", async () => {
    await prisma.$publish([1, 2, 3].map((n) => Placed({ n }, { aggregateKey: n })));
    expect(await drain({ prisma, subscribers })).toMatchObject({
      delivered: 1,
      retrying: 2,
      errors: [{ error: { message: "not 2" } }, { error: { code: "TRANSACTION_ABORTED" } }],
    });
    expect(await counted()).toEqual([1]);
    expect(await publishedEvents(prisma, Counted)).toMatchObject([{ aggregate: { n: 1 } }]);
    expect(await deliveriesOf(prisma, counts)).toMatchObject([
      { state: "delivered" },
      { state: "retrying" },
      { state: "retrying" },
    ]);
    expect(await drain({ prisma, subscribers })).toMatchObject({ delivered: 0, retrying: 0 });
  });

  it("does so inside of a transaction, whose other statements stay", async () => {
    const rolledBack = prisma.$transaction(async (tx) => {
      await tx.$publish([1, 2, 4].map((n) => Placed({ n }, { aggregateKey: n })));
      expect(await drain({ prisma: tx, subscribers })).toMatchObject({ delivered: 2, retrying: 1 });
      expect(await counted(tx)).toEqual([1, 4]);
      expect(await deliveriesOf(tx, counts)).toMatchObject([
        { state: "delivered" },
        { state: "retrying" },
        { state: "delivered" },
      ]);
      const [setting] = await tx.$queryRaw<
        { idle: string }[]
      >`select current_setting('idle_in_transaction_session_timeout') as idle`;
      expect(setting).toEqual({ idle: "0" });
      throw new Error("roll back");
    });
    await expect(rolledBack).rejects.toThrow("roll back");
    expect([await counted(), await publishedEvents(prisma)]).toEqual([[], []]);
  });

  it("ends an attempt inside of a transaction in which a failed statement was caught", async () => {
    const rolledBack = prisma.$transaction(async (tx) => {
      await tx.$publish(Placed({ n: 3 }, { aggregateKey: 3 }));
      expect(await drain({ prisma: tx, subscribers })).toMatchObject({ delivered: 0, retrying: 1 });
      expect(await counted(tx)).toEqual([]);
      throw new Error("roll back");
    });
    await expect(rolledBack).rejects.toThrow("roll back");
  });

  it("runs a handler again after a write conflict, with the values that the event has", async () => {
    const runs: Date[] = [];
    const conflicting = defineSubscriber({
      name: "conflicting",
      events: [Dated],
      transactional: true,
      handle({ aggregate: { at } }) {
        if (runs.push(at) === 1) throw Object.assign(new Error("conflict"), { code: "40001" });
      },
    });
    await subscribe({ client: pool, subscribers: [conflicting] });
    await prisma.$publish(Dated({ at: new Date(0), total: 1n }));
    expect(await drain({ prisma, subscribers: [conflicting] })).toMatchObject({ delivered: 1, errors: [] });
    expect(runs).toEqual([new Date(0), new Date(0)]);
  });

  it("needs a client that has transactions", async () => {
    await expect(drain({ client: pool, subscribers })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(
        'prisma in drain() has no $transaction: expected a Prisma client, because the subscriber "counts"',
      ),
    });
  });
});
