export default {
  testEnvironment: "node",
  globalSetup: "./global-setup.mjs",
  globalTeardown: "./global-teardown.mjs",
  setupFilesAfterEnv: ["./setup.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "./transform.cjs" },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  testMatch: ["<rootDir>/*.spec.ts"],
};
