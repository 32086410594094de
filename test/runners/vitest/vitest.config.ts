import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["*.spec.ts"],
    globalSetup: ["global-setup.ts"],
    setupFiles: ["setup.ts"],
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
