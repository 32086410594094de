import type { TestContext } from "vitest";
import type { TestModule } from "vitest/node";

import { findTestFiles } from "./test-kinds.js";

/** The type of the annotations by which a test says what it could not do here. */
const LEFT_OUT = "left out";

/** Skips the test where something is missing, and has the run say so at its end. */
export function skipWithout(context: TestContext, isThere: boolean, missing: string): void {
  context.skip(!isThere, missing);
}

/** For tests that leave out only a part of what they do where something is missing. */
export async function leaveOutPart(context: TestContext, missing: string): Promise<void> {
  await context.annotate(missing, LEFT_OUT);
}

/** A line for each thing that was missing: what it is, and how much of which files was left out for it. */
export function linesOfLeftOut(modules: readonly TestModule[]): readonly string[] {
  const counts = new Map<string, Map<string, { whole: number; part: number }>>();
  const count = (missing: string, file: string, kind: "whole" | "part") => {
    const files = counts.get(missing) ?? new Map<string, { whole: number; part: number }>();
    const found = files.get(file) ?? { whole: 0, part: 0 };
    counts.set(missing, files.set(file, { ...found, [kind]: found[kind] + 1 }));
  };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const result = test.result();
      // Those that a pattern or `.only` leaves out have no note.
      if (result.state === "skipped" && result.note) count(result.note, module.relativeModuleId, "whole");
      for (const { type, message } of test.annotations())
        if (type === LEFT_OUT) count(message, module.relativeModuleId, "part");
    }
  }
  return [...counts].map(([missing, files]) => {
    const parts = [...files].map(([file, { whole, part }]) => {
      const said = [
        ...(whole > 0 ? [`${whole} ${whole === 1 ? "test" : "tests"}`] : []),
        ...(part > 0 ? [`a part of ${part} ${part === 1 ? "test" : "tests"}`] : []),
      ];
      return `${said.join(" and ")} in ${file}`;
    });
    return `Left out: ${parts.sort().join(", ")}. ${missing}.`;
  });
}

/** What `npm run test:slow` has for itself, where a run of these projects is without it. */
export function linesOfSlow(projects: readonly string[]): readonly string[] {
  if (projects.includes("slow")) return [];
  const names = findTestFiles().slow.map((path) =>
    path.replace(/^test\//, "").replace(/\.slow\.test\.ts$/, ""),
  );
  return [`Left to npm run test:slow: ${names.join(", ")}, and more tries of the properties.`];
}
