import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import { GRAPHILE_WORKER, runsWithVersion } from "./test/support/graphile-version.js";
import { findTestFiles, type TestKind } from "./test/support/test-kinds.js";

const src = fileURLToPath(new URL("src/", import.meta.url));
const files = findTestFiles();
const forAll = ["test/support/warnings.ts", "test/support/seed.ts"];
const withServer = {
  globalSetup: ["test/support/global-setup.ts"],
  setupFiles: ["test/support/leaks.ts", ...forAll],
};
const project = <T extends object>(name: TestKind, options: T) => {
  const own = files[name].filter(runsWithVersion);
  // A name of no file: with none, Vitest would take all.
  return { extends: true as const, test: { name, include: own.length > 0 ? own : ["none"], ...options } };
};

export default defineConfig({
  resolve: {
    // As `paths` in tsconfig.json.
    alias: [
      { find: /^ex-event-bus$/, replacement: `${src}index.ts` },
      { find: /^ex-event-bus\/(.+)$/, replacement: `${src}$1.ts` },
      { find: /^graphile-worker$/, replacement: GRAPHILE_WORKER },
    ],
  },
  test: {
    pool: "forks",
    maxWorkers: 2,
    // Far more than any test takes: a busy machine is no failure.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      // Loading Prisma and the sources anew for each file would take longer than most of their tests.
      project("unit", { isolate: false, setupFiles: forAll, globalSetup: ["test/support/unit-setup.ts"] }),
      project("database", { isolate: false, ...withServer }),
      project("slow", withServer),
    ],
  },
});
