// npm run demo: a small shop on an embedded PostgreSQL (or the server of DATABASE_URL), with two worker processes.
import type { Pool } from "pg";
import color from "picocolors";

import { awaitDeliveries, printDeliveries } from "../support/deliveries.js";
import { prepareDemo } from "../support/prepare-demo.js";
import { runDemo } from "../support/run-demo.js";
import { printTable } from "../support/table.js";
import { compareBalances } from "./compare-balances.js";
import { type Narrator, narrate } from "./narrator.js";

const config = new URL("ex-event-bus.config.ts", import.meta.url);

await runDemo(async (cleanUp) => {
  // Workers write before there is anybody to tell about it.
  let narrator: Narrator | undefined;
  const onLine = (worker: string, line: Parameters<Narrator["workerLine"]>[1]) =>
    narrator?.workerLine(worker, line);
  const { pool, workers, guard } = await prepareDemo("shop", config, onLine, cleanUp);
  const told = narrate(pool);
  narrator = told;
  console.log();

  const { prisma } = await import("./db.js");
  cleanUp(() => prisma.$disconnect());
  const { runShop } = await import("./scenario.js");
  await guard(runShop(told));
  const counts = await guard(awaitDeliveries(pool, { timeoutMs: 20_000, intervalMs: 50 }));
  // A worker that has stopped has written its last line.
  await Promise.all(workers.map((worker) => worker.stop()));
  await told.done();

  await printDeliveries(pool);
  const balancesAreTrue = await printBalances(pool);
  const ok = counts.delivered === counts.total && balancesAreTrue;
  const made = `${counts.delivered} of ${counts.total} deliveries made`;
  const balances = balancesAreTrue ? "every balance is true" : "balances differ from the truth";
  console.log(`\n${(ok ? color.green : color.red)(color.bold(`${made}, ${balances}`))}`);
  return ok;
});

async function printBalances(pool: Pool): Promise<boolean> {
  const balances = await compareBalances(pool);
  printTable(
    "Balance, kept by a subscriber, and the orders and payments themselves",
    ["user", "orders", "(projected)", "paid", "(projected)", ""],
    balances.map(({ name, orders, paid, projected, isEqual }) => [
      name,
      orders,
      projected.orders,
      paid,
      projected.paid,
      isEqual ? "✓ equal" : "✗ differs",
    ]),
  );
  return balances.every(({ isEqual }) => isEqual);
}
