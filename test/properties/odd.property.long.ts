import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { oddCase } from "./odd-cases.js";
import { aliases, oddGroups, oddTables } from "./odd-tables.js";
import { expectSame, Twins } from "./twins.js";

// What a database may have that a Prisma schema does not say: a call gives what it gives without the extension, and events
// are what triggers saw. `PROPERTY_RUNS` says how many calls for each group.
const runs = Math.ceil(Number(process.env["PROPERTY_RUNS"] ?? 160) / 4);
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);

const twins = await Twins.open("odd", oddTables, aliases);

describe.each(oddGroups)("$name:", (group) => {
  it(
    `calls do what they do without the extension, ${runs} of them`,
    async () => {
      const check = (numbers: readonly number[]) => expectSame(twins, oddCase(twins, group, numbers));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { minLength: 60, maxLength: 300, size: "max" }), check),
        { numRuns: runs, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
    },
    60_000 + runs * 1_000,
  );
});

describe("long lists of values", () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at + 3);
  const group = oddGroups.find(({ name }) => name === "a trigger that skips rows");
  const lists = [0, 1, 501, 32_765, 32_767, 40_000].flatMap((count) =>
    (["in", "notIn"] as const).flatMap((operator) =>
      (["updateMany", "updateManyAndReturn", "deleteMany"] as const).map(
        (operation) => [operation, operator, count] as const,
      ),
    ),
  );
  it.each(lists)("%s of ids %s %i values", async (operation, operator, count) => {
    const where = { id: { [operator]: numbers(count) } };
    const args = operation === "deleteMany" ? { where } : { where, data: { note: "new" } };
    const call = () => ({ model: "gate", operation, args: structuredClone(args) });
    const found = await twins.differences({ rows: group?.rows ?? "", call, captured: ["Gate"] });
    expect(found).toEqual([]);
  });
});
