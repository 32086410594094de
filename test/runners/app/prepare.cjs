// What fills the template database: the application's migrations, then the package's.
const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync, statSync } = require("node:fs");
const { join } = require("node:path");
const { Client } = require("pg");

module.exports = async function prepare(url) {
  const client = new Client({ connectionString: url });
  await client.connect();
  const migrations = process.env.MIGRATIONS;
  for (const name of readdirSync(migrations).sort()) {
    const folder = join(migrations, name);
    if (statSync(folder).isDirectory())
      await client.query(readFileSync(join(folder, "migration.sql"), "utf8"));
  }
  await client.end();
  execFileSync(process.execPath, ["node_modules/ex-event-bus/dist/esm/cli/main.js", "migrate"]);
};
