import fc from "fast-check";
import { describe, it } from "vitest";

import { keyCase, keyTables, keyTypes } from "./key-cases.js";
import { expectSame, Twins } from "./twins.js";

// Keys of every type in every notation that Prisma takes, through all operations: with the extension a call gives what it
// gives without, and events are what triggers saw. `PROPERTY_RUNS` says how many calls for each type.
const runs = Math.ceil(Number(process.env["PROPERTY_RUNS"] ?? 160) / 16);
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);

const twins = await Twins.open("keys", keyTables());

describe.each(keyTypes)("keys of the type $name", (type) => {
  it(
    `are what PostgreSQL takes them for, ${runs} calls`,
    async () => {
      const check = (numbers: readonly number[]) => expectSame(twins, keyCase(twins, type, numbers));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(), { minLength: 60, maxLength: 300, size: "max" }), check),
        { numRuns: runs, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
    },
    60_000 + runs * 1_000,
  );
});
