// npm run test:faults [-- --long | --calm | --short] [--seed <number>]
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

import { findBouncer, NO_BOUNCER } from "../worker/pgbouncer.js";
import { tableOf } from "./figures.js";
import { runFaults } from "./run-faults.js";
import { CALM, LONG, MEDIUM, SHORT } from "./sizes.js";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: process.env["FAULTS"] === "long" },
    calm: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    seed: { type: "string", default: process.env["FAULTS_SEED"] ?? String(randomInt(2 ** 31)) },
  },
});
const SIZES = { long: LONG, calm: CALM, short: SHORT };
const name = (["long", "calm", "short"] as const).find((one) => values[one]);
const seed = Number(values.seed);
if (!Number.isInteger(seed)) throw new Error(`--seed is "${values.seed}": expected a whole number`);
console.log(
  `seed ${seed}; the same faults again: npm run test:faults -- ${name === undefined ? "" : `--${name} `}--seed ${seed}`,
);
if (findBouncer() === undefined) console.log(`Without a pooler. ${NO_BOUNCER}.`);

const size = name === undefined ? MEDIUM : SIZES[name];
const startedAt = Date.now();
const { figures, violations } = await runFaults({
  ...size,
  seed,
  onProgress: (line) =>
    console.log(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(7)} s  ${line}`),
});
console.log(`\n${tableOf(figures)}\n`);
for (const violation of violations) console.error(`BROKEN: ${violation}`);
console.log(violations.length === 0 ? "Every promise is kept." : `${violations.length} promises are broken.`);
process.exit(violations.length === 0 ? 0 : 1);
