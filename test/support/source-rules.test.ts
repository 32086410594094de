import { describe, expect, it } from "vitest";

import { parseSource } from "./source-files.js";
import {
  findCycles,
  findImportsPastDoors,
  findSql,
  findUpwardImports,
  findUpwardRooms,
  reachablePackages,
} from "./source-rules.js";

const file = (path: string, ...lines: string[]) => parseSource(path, lines.join("\n"));

describe("findUpwardImports", () => {
  it("finds imports of higher layers, types and import() too", () => {
    const files = [
      file("src/outbox/a.ts", 'import { b } from "../registry/b.js";', 'import { c } from "../worker/c.js";'),
      file("src/errors.ts", 'import type { b } from "./registry/b.js";'),
      file("src/registry/b.ts", 'const d = () => import("../index.js");'),
    ];
    expect(findUpwardImports(files)).toEqual([
      "src/outbox/a.ts imports src/worker/c.ts",
      "src/errors.ts imports src/registry/b.ts",
      "src/registry/b.ts imports src/index.ts",
    ]);
  });

  it("keeps extension, worker and testing apart", () => {
    const files = [
      file("src/worker/a.ts", 'import { b } from "../extension/b.js";', 'import { c } from "./c.js";'),
    ];
    expect(findUpwardImports(files)).toEqual(["src/worker/a.ts imports src/extension/b.ts"]);
  });

  it("refuses folders that no layer has", () => {
    expect(findUpwardImports([file("src/misc/a.ts")])).toEqual([
      'src/misc/a.ts: the layer "misc" is not in the list',
    ]);
  });
});

describe("findUpwardRooms", () => {
  it("finds imports of higher folders of the extension, types too", () => {
    const files = [
      file(
        "src/extension/rows/a.ts",
        'import { b } from "../catalog/b.js";',
        'import { c } from "../capture.js";',
      ),
      file("src/extension/relations/d.ts", 'import type { e } from "../one-row/e.js";'),
      file(
        "src/extension/capture.ts",
        'import { a } from "./rows/a.js";',
        'import { x } from "../models/x.js";',
      ),
      file("src/outbox/y.ts", 'import { z } from "./z.js";'),
    ];
    expect(findUpwardRooms(files)).toEqual([
      "src/extension/rows/a.ts imports src/extension/capture.ts",
      "src/extension/relations/d.ts imports src/extension/one-row/e.ts",
    ]);
  });

  it("refuses folders that are not in the list", () => {
    expect(findUpwardRooms([file("src/extension/misc/a.ts")])).toEqual([
      'src/extension/misc/a.ts: the folder "misc" is not in the list',
    ]);
  });
});

describe("findImportsPastDoors", () => {
  it("finds imports of files that are no doors of their folder", () => {
    const files = [
      file(
        "src/extension/bulk/a.ts",
        'import { b } from "../relations/read-related.js";',
        'import type { c } from "../relations/touched-rows.js";',
      ),
      file("src/extension/relations/read-related.ts", 'import { c } from "./touched-rows.js";'),
    ];
    expect(findImportsPastDoors(files)).toEqual([
      "src/extension/bulk/a.ts imports src/extension/relations/touched-rows.ts",
    ]);
  });
});

describe("findCycles", () => {
  it("names the files of a cycle", () => {
    const files = [
      file("src/codec/a.ts", 'export { b } from "./b.js";'),
      file("src/codec/b.ts", 'import type { c } from "./c.js";'),
      file("src/codec/c.ts", 'type B = import("./b.js").B;'),
    ];
    expect(findCycles(files)).toEqual(["src/codec/b.ts → src/codec/c.ts → src/codec/b.ts"]);
  });
});

describe("reachablePackages", () => {
  it("follows what stays at run time", () => {
    const files = [
      file(
        "src/index.ts",
        'import { a } from "./a/a.js";',
        'import type { T } from "types";',
        'import { type U } from "@x/types/sub";',
      ),
      file("src/a/a.ts", 'const x = await import("@scope/name/sub");', 'import fs from "node:fs";'),
    ];
    expect([...reachablePackages(files, "src/index.ts")]).toEqual(["@scope/name", "node:fs"]);
  });
});

describe("findSql", () => {
  it.each([
    "const q = `select ${x} from t`;",
    "const q = `\n  with a as (select 1) update t set x = 1`;",
    'const q = "insert into t values (1)";',
    "const q = `update ${t} set x = 1`;",
    'await client.query("begin");',
    "await prisma.$queryRawUnsafe(`vacuum`);",
  ])("finds %s", (line) => {
    expect(findSql(file("src/worker/a.ts", line))).toHaveLength(1);
  });

  it.each([
    'throw new Error("with an event");',
    'const operation = "update";',
    "// select * from t",
    'log("update the package");',
  ])("leaves %s", (line) => {
    expect(findSql(file("src/worker/a.ts", line))).toEqual([]);
  });
});
