import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";

import { PrismaClient } from "../prisma/generated/client/client.js";
import { defineSubscriber } from "../src/registry/define-subscriber.js";
import type { TransactionOf } from "../src/registry/register.js";
import type { Subscriber } from "../src/registry/subscriber.js";
import { runWorker } from "../src/worker/run-worker.js";
import { type Effort, median } from "./compare.js";
import { type Deliverer, fillRaw, fillTicks, measure, rateRatio, raw, Ticked } from "./deliver.js";
import type { Ratio } from "./ratio.js";

const CONCURRENCY = 10;
const HAND = "by hand";
const OURS = "transactional subscriber";

/** A handler that updates a row in its transaction, against one that opens it and writes an inbox row by itself. */
export async function benchTransactional(url: string, { rounds, calls }: Effort): Promise<readonly Ratio[]> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  await pool.query(`insert into "Balance" ("userId") select generate_series(1, 1000)`);
  const [byHand, transactional] = [hand(url), ours(url)];
  try {
    const cases = { [HAND]: byHand.deliverer, [OURS]: transactional.deliverer };
    const rates = await measure(pool, cases, { rounds, total: 2 * calls });
    return [
      {
        what: "deliveries per second: transactional subscriber / by hand",
        ratio: rateRatio(rates, OURS, HAND),
        target: 1,
      },
      ...[HAND, OURS].map((name) => ({
        what: `deliveries per second: ${name}`,
        ratio: Math.round(median(rates.get(name) ?? [])),
      })),
    ];
  } finally {
    await Promise.all([byHand.close(), transactional.close(), pool.end()]);
  }
}

function open(url: string): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: CONCURRENCY }) });
}

function count(tx: TransactionOf<PrismaClient>): Promise<unknown> {
  const userId = 1 + Math.floor(Math.random() * 1_000);
  return tx.balance.update({ where: { userId }, data: { orders: { increment: 1 } } });
}

/** What a team would write: a transaction, a row that says that it was done, and the work. */
function hand(url: string): { readonly deliverer: Deliverer; close(): Promise<void> } {
  const prisma = open(url);
  let n = 0;
  const work = () =>
    prisma.$transaction(async (tx) => {
      const data = { key: `${process.pid}-${n++}-${Math.random()}` };
      const inbox = await tx.applied.createMany({ data, skipDuplicates: true });
      if (inbox.count > 0) await count(tx);
    });
  return {
    deliverer: { fill: fillRaw, start: raw(url, CONCURRENCY, undefined, work) },
    close: () => prisma.$disconnect(),
  };
}

function ours(url: string): { readonly deliverer: Deliverer; close(): Promise<void> } {
  const prisma = open(url);
  let onDelivery = (): void => undefined;
  const subscriber = defineSubscriber({
    name: "tick",
    events: [Ticked],
    transactional: true,
    async handle(_, ctx) {
      await count(ctx.tx as unknown as TransactionOf<PrismaClient>);
      onDelivery();
    },
  }) as unknown as Subscriber;
  const options = {
    prisma,
    subscribers: [subscriber],
    database: { url },
    worker: { concurrency: CONCURRENCY },
    report: () => undefined,
  };
  return {
    deliverer: {
      fill: fillTicks(options),
      async start(given) {
        onDelivery = given;
        return (await runWorker(options)).stop;
      },
    },
    close: () => prisma.$disconnect(),
  };
}
