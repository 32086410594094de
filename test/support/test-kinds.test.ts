import { describe, expect, it } from "vitest";

import { findTestFiles, kindOf } from "./test-kinds.js";

describe("a test file", () => {
  const texts: Readonly<Record<string, string>> = {
    "test/a/pure.test.ts":
      'import { it } from "vitest";\nimport type pg from "pg";\nimport { diff } from "../../src/diff.js";',
    "test/a/pool.test.ts": 'import pg from "pg";',
    "test/a/process.test.ts": 'import { run } from "./run.js";',
    "test/a/run.js": 'import {\n  a,\n  b,\n} from "../b/b.js";',
    "test/b/b.js": 'export { spawn } from "node:child_process";',
    "test/a/later.test.ts": ["const { run } = await import(", '"./run.js");'].join(""),
    "test/a/server.test.ts": [
      'import { inject } from "vitest";',
      "const { url } = inject(",
      '"server");',
    ].join(""),
    "test/a/cycle.test.ts": 'import { one } from "./one.js";',
    "test/a/one.js": 'import { two } from "./two.js";',
    "test/a/two.js": 'import { one } from "./one.js";',
  };
  const kind = (name: string) => kindOf(`test/a/${name}`, (path) => texts[path]);

  it("is of the unit tests when nothing that it imports needs a server or another process", () => {
    expect([kind("pure.test.ts"), kind("cycle.test.ts")]).toEqual(["unit", "unit"]);
  });

  it("is of the database tests when something does, however far away", () => {
    expect([
      kind("pool.test.ts"),
      kind("process.test.ts"),
      kind("later.test.ts"),
      kind("server.test.ts"),
    ]).toEqual(Array(4).fill("database"));
  });

  it("is slow when its name says so", () => {
    expect(kind("pure.slow.test.ts")).toBe("slow");
  });
});

describe("the test files of this repository", () => {
  const { unit, database, slow } = findTestFiles();

  it("are each in one of the three", () => {
    const all = [...unit, ...database, ...slow];
    expect(new Set(all).size).toBe(all.length);
    expect([unit, database, slow].map((files) => files.length > 0)).toEqual([true, true, true]);
    expect(unit).toContain("test/architecture.test.ts");
    expect(database).toContain("test/extension/capture.test.ts");
    expect(slow).toContain("test/faults/faults.slow.test.ts");
  });
});
