// npm run bench [suite…]: speeds as ratios of one run, medians of interleaved rounds. Absolute times of a shared machine
// say little; a ratio of 0.9 means that the first is 0.9 times as fast as the second. DATABASE_URL has them run on another
// server than the embedded one.
import { parseArgs } from "node:util";
import { isOfPrismasInterpreter } from "../test/support/pg-warning.js";
import { databaseServer } from "../test/support/server.js";
import { prepareTemplate } from "../test/support/template.js";
import { benchBulk } from "./bulk.js";
import type { Effort } from "./compare.js";
import { benchDeliver } from "./deliver.js";
import { benchDeliverLatency } from "./deliver-latency.js";
import { benchTransactional } from "./deliver-transactional.js";
import { benchFanOut } from "./fan-out.js";
import { benchGrowth } from "./growth.js";
import { benchNested } from "./nested.js";
import { describeRatio, type Ratio } from "./ratio.js";
import { benchWritePath } from "./write-path.js";

/** Each gets a database of its own. */
const SUITES: Readonly<Record<string, (url: string, effort: Effort) => Promise<readonly Ratio[]>>> = {
  "write-path": benchWritePath,
  nested: benchNested,
  bulk: benchBulk,
  "fan-out": benchFanOut,
  deliver: benchDeliver,
  "deliver-transactional": benchTransactional,
  "deliver-latency": benchDeliverLatency,
  growth: benchGrowth,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "9" },
    calls: { type: "string", default: "400" },
    concurrency: { type: "string", default: "1" },
  },
});
const effort = {
  rounds: Number(values.rounds),
  calls: Number(values.calls),
  concurrency: Number(values.concurrency),
};
const unknown = positionals.filter((name) => !(name in SUITES));
if (unknown.length > 0)
  throw new Error(`Unknown: ${unknown.join(", ")}. Expected some of ${Object.keys(SUITES).join(", ")}.`);

// What Node and pg warn of is a mistake here too, or an error in their next version.
process.on("warning", ({ stack = "" }) => {
  if (isOfPrismasInterpreter(stack)) return;
  console.error(stack);
  process.exitCode = 1;
});

const server = await databaseServer({ settings: { fsync: "on", synchronous_commit: "on" } });
try {
  for (const [name, suite] of Object.entries(SUITES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const database = `ex_event_bus_bench_${name.replaceAll("-", "_")}`;
    await server.dropDatabase(database);
    const url = await server.createDatabase(database);
    await prepareTemplate(url);
    console.log(`\n${name}`);
    for (const ratio of await suite(url, effort)) console.log(describeRatio(ratio));
    await server.dropDatabase(database);
  }
} finally {
  await server.stop();
}
