import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, it } from "vitest";

import { testDatabase } from "../support/database.js";

const ROWS = 100_000;
const script = fileURLToPath(new URL("fixtures/bulk-memory.ts", import.meta.url));

it("100,000 rows of ten columns are written, changed and deleted with a heap of 256 MB", async () => {
  const { url, pool } = await testDatabase();
  const options = ["--max-old-space-size=256", "--import", "tsx", script, url, String(ROWS)];
  await promisify(execFile)(process.execPath, options);
  const { rows } = await pool.query(
    `select operation, count(*)::int, count(distinct aggregate_key)::int as keys
       from event_bus.events group by 1 order by 1`,
  );
  expect(rows).toEqual(
    ["create", "delete", "update"].map((operation) => ({ operation, count: ROWS, keys: ROWS })),
  );
}, 900_000);
