import { randomInt } from "node:crypto";
import { expect, it } from "vitest";
import { leaveOutPart } from "../support/left-out.js";
import { findBouncer, NO_BOUNCER } from "../worker/pgbouncer.js";
import { tableOf } from "./figures.js";
import { runFaults } from "./run-faults.js";
import { SHORT } from "./sizes.js";

const seed = Number(process.env["FAULTS_SEED"] ?? randomInt(2 ** 31));

// A longer run: npm run test:faults
it(`every promise is kept under random faults (FAULTS_SEED=${seed})`, {
  timeout: 600_000,
}, async (context) => {
  if (findBouncer() === undefined) await leaveOutPart(context, NO_BOUNCER);
  const { figures, violations } = await runFaults({ ...SHORT, seed });
  console.log(tableOf(figures));
  expect(violations).toEqual([]);
  expect(figures.faults.map(({ name }) => name).sort()).toEqual(
    Object.entries(SHORT.faults)
      .flatMap(([name, count]) => Array.from({ length: count }, () => name))
      .sort(),
  );
});
