// A worker of a process of its own, with a transactional subscriber. Tells its parent what happens.
import { PrismaPg } from "@prisma/adapter-pg";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { TransactionOf } from "../../src/registry/register.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { Ping } from "./ping.js";

const url = process.env["DATABASE_URL"] ?? "";
const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env["PRISMA_URL"] ?? url, application_name: "child" }),
});
type Tx = TransactionOf<typeof prisma>;
const say = (message: object) => process.send?.(message);

let go = () => {};
const told = new Promise<void>((resolve) => {
  go = resolve;
});
process.on("message", go);
process.on("disconnect", () => process.exit());

await runWorker({
  prisma,
  database: { url },
  subscribers: [
    defineSubscriber({
      name: "counts",
      events: [Ping],
      transactional: true,
      async handle(event, ctx) {
        const tx = ctx.tx as unknown as Tx;
        const { n: userId } = event.aggregate;
        say({ type: "begun" });
        await tx.balance.update({ where: { userId }, data: { orders: { increment: 1 } } });
        say({ type: "inside" });
        await told;
      },
    }),
  ],
  worker: { pollIntervalMs: 200, heartbeatMs: 200, deadAfterMs: 1_000 },
  report: ({ type, ...event }) => say({ type, ...("outcome" in event ? { outcome: event.outcome } : {}) }),
});
say({ type: "ready" });
