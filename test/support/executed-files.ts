// tsx test/support/executed-files.ts: how much of src/ one operation executes.
//   --list <operation>  its files by name, each with how many of its functions
//   --write             writes the numbers to executed-files.json, where the tests find what they must not exceed
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";

import { measureExecuted } from "./executed.js";
import { countsOf, linesOfCounts, writeCounts } from "./executed-counts.js";
import { OPERATIONS } from "./executed-operations.js";
import { databaseServer } from "./server.js";
import { prepareTemplate } from "./template.js";

const { values } = parseArgs({
  options: { list: { type: "string" }, write: { type: "boolean" }, json: { type: "boolean" } },
});
const measured = await inDatabase();
const counts = countsOf(measured);
if (values.json) console.log(JSON.stringify(counts));
else if (values.list === undefined) for (const line of linesOfCounts(counts)) console.log(line);
else list(values.list);
if (values.write) writeCounts(counts);

async function inDatabase() {
  const server = await databaseServer();
  const name = `ex_event_bus_executed_${randomUUID()}`;
  try {
    const url = await server.createDatabase(name);
    await prepareTemplate(url);
    return await measureExecuted(url);
  } finally {
    await server.dropDatabase(name);
    await server.stop();
  }
}

function list(wanted: string): void {
  const operation = OPERATIONS.find((name) => name === wanted);
  if (operation === undefined) throw new Error(`--list takes one of: ${OPERATIONS.join(", ")}`);
  const executed = measured[operation];
  for (const file of [...executed.keys()].sort()) console.log(`${file} ${executed.get(file)?.size}`);
}
