module.exports = {
  testEnvironment: "node",
  globalSetup: "./global-setup.cjs",
  globalTeardown: "./global-teardown.cjs",
  setupFilesAfterEnv: ["./setup.ts"],
  transform: { "\\.ts$": "./transform.cjs" },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
};
