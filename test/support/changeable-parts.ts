import { createRequire } from "node:module";
import pg from "pg";

const { builtins } = pg.types;
const PARSED = [
  builtins.INT8,
  builtins.INT4,
  builtins.TEXT,
  builtins.JSON,
  builtins.JSONB,
  builtins.TIMESTAMPTZ,
];

const inGraphile = createRequire(createRequire(import.meta.url).resolve("graphile-worker"));

/**
 * What tests change in packages, by its name. Files of one process share the packages: a file that does not restore them
 * changes what those after it test.
 */
export function changeableParts(): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ["pg.Client.prototype.query", pg.Client.prototype.query],
    ["pg.defaults", JSON.stringify(pg.defaults)],
    ...PARSED.map((oid) => [`pg's parser of type ${oid}`, pg.types.getTypeParser(oid)] as const),
    ["batchGetJobs of graphile-worker", inGraphile("./sql/getJobs.js").batchGetJobs],
    ["batchCompleteJobs of graphile-worker", inGraphile("./sql/completeJobs.js").batchCompleteJobs],
  ]);
}
