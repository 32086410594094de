import { describe, expect, it } from "vitest";

import { capture } from "../extension/nested/fixture.js";
import { seededTeams } from "../extension/nested/teams.js";
import { amount } from "../support/amount.js";
import { type Change, modelsOf } from "../support/ground-truth.js";
import { make, numbersFrom, RandomWrites, show, Tape } from "./random-writes.js";

// Sixteen writers of every operation on a few rows: the events of each row are a chain, and together they are what
// triggers saw. `CONCURRENCY_ROUNDS` says how many calls each writer makes.
const rounds = amount({ few: 5, many: 12 }, "CONCURRENCY_ROUNDS");
const seedOfRuns = Number(process.env["PROPERTY_SEED"] ?? 7);
const writers = 16;

const { ledger, base, prisma, truth } = await seededTeams({ max: writers });
const models = modelsOf(base);

/** What Prisma and PostgreSQL refuse for good reasons when many write at once. */
const EXPECTED = /^P20(02|03|11|14|15|16|17|18|25|28|34)$/;

/** What only one of the two has. */
function difference(told: readonly Change[], seen: readonly Change[]) {
  const without = (some: readonly Change[], others: readonly Change[]) => {
    const texts = new Set(others.map((change) => JSON.stringify(change)));
    return some.filter((change) => !texts.has(JSON.stringify(change)));
  };
  return { toldOnly: without(told, seen), seenOnly: without(seen, told) };
}

const levels = ["ReadCommitted", "RepeatableRead", "Serializable"] as const;
const contexts = [["bare", undefined], ...levels.map((level) => [level, level] as const)] as const;

describe.each(contexts)("sixteen writers, %s:", (_, isolationLevel) => {
  it("the events of each row are a chain, and what triggers saw", async () => {
    const unexpected: string[] = [];
    let done = 0;
    const writer = async (n: number) => {
      for (let round = 0; round < rounds; round++) {
        const tape = numbersFrom(seedOfRuns * 1_000_000 + n * 1_000 + round);
        const call = new RandomWrites(models, Object.keys(capture), new Tape(tape)).call();
        const options = {
          isolationLevel: isolationLevel ?? ("ReadCommitted" as const),
          maxWait: 60_000,
          timeout: 60_000,
        };
        const run = () =>
          isolationLevel === undefined
            ? make(prisma, call)
            : prisma.$transaction((tx) => make(tx, call), options);
        try {
          await run();
          done += 1;
        } catch (error) {
          const { code, name, message } = error as { code?: string; name: string; message: string };
          if (!EXPECTED.test(code ?? ""))
            unexpected.push(`${show(call)}\n${name} ${code} ${message.slice(-300)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, n) => writer(n)));
    console.info(`${done} of ${writers * rounds} calls took effect`);
    const events = await ledger.events();
    expect(difference(await truth.told(events), await truth.changes())).toEqual({
      toldOnly: [],
      seenOnly: [],
    });
    expect(await truth.brokenChains(events)).toEqual([]);
    expect(unexpected).toEqual([]);
    expect(done).toBeGreaterThan(writers);
  }, 300_000);
});
