import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { compileFunction } from "node:vm";

import type { PrismaClient } from "../../../prisma/generated/client/client.js";

/** What is changed in the text of Prisma's runtime: each of them must be found. */
export type Edit = readonly [found: RegExp, instead: string];

const require = createRequire(import.meta.url);
// This one has a copy of the runtime of its own.
const generated = require.resolve("../../../prisma/generated/client-js/index.js");
const runtime = require.resolve("../../../prisma/generated/client-js/runtime/client.js");
const compiler = require.resolve("../../../prisma/generated/client-js/query_compiler_fast_bg.js");

/** The class of clients of a copy of Prisma's runtime in which something is changed. */
export function changedClient(edits: readonly Edit[]): new (options: object) => PrismaClient {
  const text = edits.reduce(
    (before, [found, instead]) => {
      const after = before.replace(found, instead);
      if (after === before)
        throw new Error(`Prisma's runtime has nothing like ${found}: adapt this test to it`);
      return after;
    },
    readFileSync(runtime, "utf8"),
  );
  const changed = load(text, runtime, {});
  const { PrismaClient: Changed } = load(readFileSync(generated, "utf8"), generated, {
    "./runtime/client.js": changed,
    // It holds the one engine of the runtime that it is loaded by.
    "./query_compiler_fast_bg.js": load(readFileSync(compiler, "utf8"), compiler, {}),
  });
  return Changed as new (
    options: object,
  ) => PrismaClient;
}

function load(text: string, path: string, given: Readonly<Record<string, object>>): Record<string, unknown> {
  const module = { exports: {} as Record<string, unknown> };
  const own = createRequire(path);
  const run = compileFunction(text, ["exports", "require", "module", "__filename", "__dirname"], {
    filename: path,
  });
  run(module.exports, (name: string) => given[name] ?? own(name), module, path, dirname(path));
  return module.exports;
}
