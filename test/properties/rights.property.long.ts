import { randomUUID } from "node:crypto";

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { openGenerated } from "./generated-client.js";
import { randomRights, rightsCase, rightsTables } from "./rights-cases.js";
import { expectSame, Twins } from "./twins.js";

// Roles with random rights and tables with random policies: a call does what it does without the extension, and every row
// that it changed or that went has its event; or it is refused before it writes. `PROPERTY_RUNS` says how many roles.
const runs = Math.ceil(Number(process.env["PROPERTY_RUNS"] ?? 200) / 5);
const seed = Number(process.env["PROPERTY_SEED"] ?? 7);
const CALLS = 8;

const twins = await Twins.open("rights", rightsTables);
const role = `app_${randomUUID()}`;
const [pool] = twins.pools;
await pool?.query(`create role "${role}" login password 'x'; alter role "${role}" set app.owner = 'ann'`);
afterAll(async () => {
  for (const one of twins.pools)
    await one.query(`reassign owned by "${role}" to current_user; drop owned by "${role}"`);
  await pool?.query(`drop role "${role}"`);
});

/** Clients of the role, one for each twin. New ones each time: what one knows of rights may be out of date. */
async function withCallers<T>(
  work: (callers: Parameters<Twins["differences"]>[1]) => Promise<T>,
): Promise<T> {
  const [plain, ours] = await Promise.all(
    twins.urls.map((url) => {
      const there = new URL(url);
      there.username = role;
      there.password = "x";
      return openGenerated("rights", there.href);
    }),
  );
  if (plain === undefined || ours === undefined) throw new Error("no clients");
  try {
    return await work({ plain, ours });
  } finally {
    await Promise.all([plain.$disconnect(), ours.$disconnect()]);
  }
}

describe("calls of a role with any rights, under any policies,", () => {
  it(
    `do what they do without the extension, or are refused: ${runs} roles`,
    async () => {
      const numbers = fc.array(fc.nat(), { minLength: 60, maxLength: 300, size: "max" });
      const check = async (rights: readonly number[], calls: readonly (readonly number[])[]) => {
        const sql = randomRights(role, rights);
        for (const one of twins.pools) await one.query(sql);
        await withCallers(async (callers) => {
          for (const call of calls) await expectSame(twins, rightsCase(twins, call), callers, sql);
        });
      };
      await fc.assert(
        fc.asyncProperty(numbers, fc.array(numbers, { minLength: 1, maxLength: CALLS, size: "max" }), check),
        { numRuns: runs, seed, endOnFailure: process.env["PROPERTY_SHRINK"] === undefined },
      );
      const { done, refused } = twins.counts;
      console.info(
        `${done} calls took effect without the extension, ${refused} of them were refused with it`,
      );
      expect(refused).toBeLessThan(done / 3);
    },
    60_000 + runs * 3_000,
  );
});
