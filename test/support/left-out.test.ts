import { expect, it } from "vitest";
import type { TestModule } from "vitest/node";

import { linesOfLeftOut } from "./left-out.js";

/** What Vitest tells of a test: whether it was skipped, why, and what it said of itself. */
type Told = { readonly state: string; readonly note?: string; readonly said?: readonly string[] };

function moduleOf(relativeModuleId: string, tests: readonly Told[]): TestModule {
  const all = tests.map(({ state, note, said = [] }) => ({
    result: () => ({ state, note }),
    annotations: () => said.map((message) => ({ type: "left out", message })),
  }));
  return { relativeModuleId, children: { allTests: () => all } } as unknown as TestModule;
}

it("is a line for each thing that is missing, with all that was left out for it", () => {
  const lines = linesOfLeftOut([
    moduleOf("b.test.ts", [
      { state: "skipped", note: "There is no fish" },
      { state: "passed", said: ["There is no fish"] },
    ]),
    moduleOf("a.test.ts", [
      { state: "skipped", note: "There is no fish" },
      { state: "skipped", note: "There is no fish" },
      { state: "passed", said: ["There is no cat"] },
    ]),
  ]);
  expect(lines).toEqual([
    "Left out: 1 test and a part of 1 test in b.test.ts, 2 tests in a.test.ts. There is no fish.",
    "Left out: a part of 1 test in a.test.ts. There is no cat.",
  ]);
});

it("says nothing of tests that nobody asked for, nor of those that were made", () => {
  expect(linesOfLeftOut([moduleOf("a.test.ts", [{ state: "skipped" }, { state: "passed" }])])).toEqual([]);
});
