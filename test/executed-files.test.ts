import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, inject, it } from "vitest";

import { type ExecutedCounts, findExcesses, readCounts } from "./support/executed-counts.js";

const run = promisify(execFile);
const script = fileURLToPath(new URL("support/executed-files.ts", import.meta.url));

it("a warm operation executes no more of the sources than support/executed-files.json says", async () => {
  const { stdout } = await run(process.execPath, ["--import", "tsx", script, "--json"], {
    env: { ...process.env, DATABASE_URL: inject("server").url },
  });
  expect(findExcesses(JSON.parse(stdout) as ExecutedCounts, readCounts())).toEqual([]);
});

it("is told for each operation what it executes too much, and how to allow it", () => {
  const allowed: ExecutedCounts = {
    update: { files: 20, functions: 90 },
    "nested update": { files: 40, functions: 200 },
    delivery: { files: 30, functions: 100 },
  };
  const measured = {
    ...allowed,
    update: { files: 21, functions: 90 },
    delivery: { files: 2, functions: 101 },
  };
  const howTo = "If it has to be: npx tsx test/support/executed-files.ts --write";
  expect(findExcesses(measured, allowed)).toEqual([
    `One update executes 21 files, 20 are allowed (npx tsx test/support/executed-files.ts --list "update"). ${howTo}`,
    `One delivery executes 101 functions, 100 are allowed (npx tsx test/support/executed-files.ts --list "delivery"). ${howTo}`,
  ]);
});
