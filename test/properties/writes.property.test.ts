import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

import { capture, groundTruth, openTeams, seed } from "../extension/nested/fixture.js";
import { openClient } from "../extension/support/clients.js";
import { Ledger } from "../extension/support/ledger.js";
import { amount } from "../support/amount.js";
import { testDatabase } from "../support/database.js";
import { modelsOf } from "../support/ground-truth.js";
import { make, RandomWrites, show, Tape } from "./random-writes.js";
import { regressions } from "./regressions.js";

// Random sequences of writes, nested ones included, on models with relations of every kind: the captured events are
// the changes that triggers on every table saw. `PROPERTY_RUNS` says how many sequences; a failing one is kept in
// regressions.ts.
const runs = amount({ few: 60, many: 200 });
const seedOfRuns = Number(process.env["PROPERTY_SEED"] ?? 7);

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);
const prisma = openTeams(url);
const truth = await groundTruth(pool, base);
const models = modelsOf(base);

beforeAll(async () => {
  await seed(base);
  await ledger.keep();
});

/** Calls that took effect, to see that the property says something. */
let succeeded = 0;
let failed = 0;
const unexpected = new Map<string, string>();

async function check(tape: readonly number[]): Promise<void> {
  await ledger.restore();
  const random = new RandomWrites(models, Object.keys(capture), new Tape(tape));
  for (let n = 0; n < 4; n++) {
    await truth.clear();
    const before = (await ledger.events()).length;
    const call = random.call();
    try {
      await make(prisma, call);
      succeeded += 1;
    } catch (error) {
      failed += 1;
      note(error, show(call));
    }
    const told = await truth.told((await ledger.events()).slice(before));
    expect(told, show(call)).toEqual(await truth.changes());
  }
}

/** What Prisma refuses for good reasons is expected; what fails in us is not. */
function note(error: unknown, call: string): void {
  const { code, name, message } = error as { code?: string; name: string; message: string };
  const isExpected = /^P20(02|03|11|14|15|16|17|18|25)$/.test(code ?? "");
  if (!isExpected) unexpected.set(`${name} ${code ?? ""} ${message.slice(-300)}`, call);
}

describe("random sequences of nested writes", () => {
  it.each(regressions.map((tape, at) => [at, tape] as const))(
    "are told as triggers saw them: regression %i",
    async (_, tape) => check(tape),
  );

  it(
    `are told as triggers saw them, ${runs} of them`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { minLength: 30, maxLength: 300, size: "max" }), check),
        { numRuns: runs, seed: seedOfRuns, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
      console.info(`${succeeded} calls took effect, ${failed} were refused`);
      expect(succeeded).toBeGreaterThan(failed / 4);
      expect(Array.from(unexpected, ([error, call]) => `${call}\n${error}`)).toEqual([]);
    },
    60_000 + runs * 2_000,
  );
});
