// npm run demo:flights [-- --rows 200000]: real flights through Prisma mutations, projections kept by two worker
// processes, and at the end every row of the projections compared with plain SQL aggregates.
import { parseArgs } from "node:util";

import type { LogLine } from "../support/cli.js";
import { awaitDeliveries, countDeliveries, printDeliveries } from "../support/deliveries.js";
import { prepareDemo } from "../support/prepare-demo.js";
import { showProgress } from "../support/progress.js";
import { runDemo } from "../support/run-demo.js";
import { compareTraffic, isExact } from "./compare-traffic.js";
import { flightData, recordedFlights } from "./flight-data.js";
import { countMutations, loadFlights } from "./load-flights.js";
import { printComparison, printRates, rateOf } from "./print-results.js";

const config = new URL("ex-event-bus.config.ts", import.meta.url);
const { values } = parseArgs({ options: { rows: { type: "string", default: "10000" } } });
const rows = Number(values.rows);
if (!Number.isInteger(rows) || rows < 1 || rows > recordedFlights) {
  console.error(`--rows is ${values.rows}: expected a whole number from 1 to ${recordedFlights}`);
  process.exit(2);
}

await runDemo(async (cleanUp) => {
  const { pool, guard } = await prepareDemo("flights", config, showProblem, cleanUp);
  const { prisma } = await import("./db.js");
  cleanUp(() => prisma.$disconnect());
  const data = flightData(rows);
  const mutations = countMutations(data);
  console.log(`\n${rows} flights, created, corrected and cancelled in ${mutations} mutations`);

  const start = performance.now();
  const since = (from: number) => performance.now() - from;
  const events = showProgress("events", mutations);
  let done = 0;
  const onMutation = () => {
    done += 1;
    if (done % 50 === 0 || done === mutations) events.update(done, rateOf(done, since(start)));
  };
  await guard(loadFlights(prisma, data, onMutation));
  events.stop();
  const loadMs = since(start);

  const before = await countDeliveries(pool);
  const deliveries = showProgress("deliveries", before.total);
  const onChange = ({ delivered }: { delivered: number }) =>
    deliveries.update(delivered, rateOf(delivered, since(start)));
  const counts = await guard(awaitDeliveries(pool, { timeoutMs: 30_000, intervalMs: 200 }, onChange));
  deliveries.stop();
  const totalMs = since(start);

  await printDeliveries(pool);
  printRates([
    { what: "events published", count: mutations, durationMs: loadMs },
    {
      what: "deliveries made, from the first event to the last delivery",
      count: counts.delivered,
      durationMs: totalMs,
    },
    {
      what: "of them after the last event",
      count: counts.delivered - before.delivered,
      durationMs: totalMs - loadMs,
    },
  ]);
  console.log();
  const comparisons = await compareTraffic(pool);
  for (const comparison of comparisons) printComparison(comparison);
  return counts.delivered === counts.total && isExact(comparisons);
});

/** The deliveries are too many to show, what goes wrong is not. */
function showProblem(worker: string, { level, message, fields }: LogLine): void {
  if (level === "warn" || level === "error") console.error(`${worker}: ${message}`, fields);
}
