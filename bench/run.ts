// npm run bench: speeds as ratios of one run, medians of interleaved rounds. Absolute times of a shared machine say
// little; a ratio of 0.9 means that the first is 0.9 times as fast as the second.
import { parseArgs } from "node:util";

import { startPostgres } from "../src/testing/postgres.js";
import { prepareTemplate } from "../test/support/template.js";
import { benchWritePath } from "./write-path.js";

const { values } = parseArgs({
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

await using server = await startPostgres({ settings: { fsync: "on", synchronous_commit: "on" } });
const url = await server.createDatabase("bench");
await prepareTemplate(url);

for (const { what, ratio, target } of await benchWritePath(url, effort)) {
  const verdict =
    target === undefined
      ? ""
      : ratio >= target
        ? `  (target ${target}: reached)`
        : `  (target ${target}: missed)`;
  console.log(`${ratio.toFixed(2)}  ${what}${verdict}`);
}
