const { setupPostgres } = require("ex-event-bus/testing/postgres");

const prepare = require("./prepare.cjs");

module.exports = async () => {
  globalThis.tearDownPostgres = await setupPostgres({ url: process.env.TEST_DATABASE_URL, prepare });
};
