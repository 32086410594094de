import { readFileSync, writeFileSync } from "node:fs";

import { type Executed, OPERATIONS, type OperationName } from "./executed-operations.js";

/** How many files of src/ an operation executes, and how many of their functions. */
export interface ExecutedCount {
  readonly files: number;
  readonly functions: number;
}

export type ExecutedCounts = Readonly<Record<OperationName, ExecutedCount>>;

const FILE = new URL("executed-files.json", import.meta.url);

export function countsOf(measured: Readonly<Record<OperationName, Executed>>): ExecutedCounts {
  const counts = Object.entries(measured).map(([name, executed]) => {
    const functions = [...executed.values()].reduce((sum, { size }) => sum + size, 0);
    return [name, { files: executed.size, functions }] as const;
  });
  return Object.fromEntries(counts) as ExecutedCounts;
}

/** The most that is allowed. */
export function readCounts(): ExecutedCounts {
  return JSON.parse(readFileSync(FILE, "utf8")) as ExecutedCounts;
}

export function writeCounts(counts: ExecutedCounts): void {
  writeFileSync(FILE, `${JSON.stringify(counts, undefined, 2)}\n`);
}

export function linesOfCounts(counts: ExecutedCounts): readonly string[] {
  return Object.entries(counts).map(
    ([name, { files, functions }]) =>
      `One ${name} executes ${functions} functions in ${files} files of src/.`,
  );
}

/** What exceeds what is allowed, each in a sentence that says what to do. */
export function findExcesses(measured: ExecutedCounts, allowed: ExecutedCounts): readonly string[] {
  const script = "npx tsx test/support/executed-files.ts";
  return OPERATIONS.flatMap((name) =>
    (["files", "functions"] as const)
      .filter((what) => measured[name][what] > allowed[name][what])
      .map(
        (what) =>
          `One ${name} executes ${measured[name][what]} ${what}, ${allowed[name][what]} are allowed ` +
          `(${script} --list ${JSON.stringify(name)}). If it has to be: ${script} --write`,
      ),
  );
}
