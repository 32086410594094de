import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const src = fileURLToPath(new URL("src/", import.meta.url));

export default defineConfig({
  resolve: {
    // As `paths` in tsconfig.json.
    alias: [
      { find: /^ex-event-bus$/, replacement: `${src}index.ts` },
      { find: /^ex-event-bus\/(.+)$/, replacement: `${src}$1.ts` },
    ],
  },
  test: {
    // The long ones compare with plain Prisma on twins, and belong to `npm run test:properties`.
    include: ["test/**/*.test.ts", ...(process.env["PROPERTY_RUNS"] ? ["test/properties/*.long.ts"] : [])],
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["test/support/global-setup.ts"],
    setupFiles: ["test/support/leaks.ts", "test/support/seed.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
