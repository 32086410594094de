import { expect, it } from "vitest";

import { takeWarnings } from "./find-warnings.js";

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
