import { expect, it } from "vitest";

import { takeWarnings } from "./find-warnings.js";
import { isOfPrismasInterpreter } from "./pg-warning.js";

const told = () => new Promise((resolve) => setImmediate(resolve));

it("a warning of Node is found once, with the place that it comes from", async () => {
  process.emitWarning("Careful.", "DeprecationWarning");
  await told();
  expect(takeWarnings()).toEqual([
    expect.stringMatching(/^DeprecationWarning: Careful\.\n[\s\S]*find-warnings\.test\.ts/),
  ]);
  expect(takeWarnings()).toEqual([]);
});

it("a warning of the package itself is for the tests that are about it", async () => {
  process.emitWarning("Unseen.", { type: "EventBusWarning", code: "EX_EVENT_BUS_UNSEEN" });
  await told();
  expect(takeWarnings()).toEqual([]);
});

it.each([
  [
    "Prisma's interpreter of queries",
    "at PgTransaction.queryRaw (@prisma/adapter-pg/x.mjs:1:1)\n at e.interpretNode (c.js)",
    true,
  ],
  ["a client of the package's own", "at Client.query (src/worker/connection.ts:1:1)", false],
])("a warning of pg of two statements at once is of %s", (_, frames, isOfPrisma) => {
  const warning = `DeprecationWarning: Calling client.query() when the client is already executing a query\n ${frames}`;
  expect(isOfPrismasInterpreter(warning)).toBe(isOfPrisma);
  expect(isOfPrismasInterpreter(`DeprecationWarning: Something else\n ${frames}`)).toBe(false);
});
