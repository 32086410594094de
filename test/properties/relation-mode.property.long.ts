import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { oddCase } from "./odd-cases.js";
import { aliases, hiddenReferences, oddTables } from "./odd-tables.js";
import { relationCase, relationTables } from "./relation-cases.js";
import { expectSame, Twins } from "./twins.js";

// Without foreign keys in the database, Prisma itself deletes and changes the rows that refer to a row: events are what
// triggers saw. Left out is what Prisma refuses to generate: NoAction and SetDefault, and self-relations other than by
// Restrict. And foreign keys that only the database has. `PROPERTY_RUNS` says how many calls.
const runs = Number(process.env["PROPERTY_RUNS"] ?? 300);
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);

const twins = await Twins.open("relation-mode", relationTables);
const hidden = await Twins.open("odd", oddTables, aliases);

describe('with relationMode = "prisma"', () => {
  it(
    `events say what Prisma does to the rows that refer to a row, ${runs} calls`,
    async () => {
      const check = (numbers: readonly number[]) => expectSame(twins, relationCase(twins, numbers));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { minLength: 60, maxLength: 300, size: "max" }), check),
        { numRuns: runs, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
      expect(twins.counts.done).toBeGreaterThan(runs / 4);
    },
    60_000 + runs * 1_000,
  );
});

describe.each(hiddenReferences)("$name:", (group) => {
  it(
    `events say what PostgreSQL does to the rows that refer to a row, ${runs / 2} calls`,
    async () => {
      const check = (numbers: readonly number[]) => expectSame(hidden, oddCase(hidden, group, numbers));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { minLength: 60, maxLength: 300, size: "max" }), check),
        { numRuns: runs / 2, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
    },
    60_000 + runs * 1_000,
  );
});
