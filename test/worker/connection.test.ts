import { afterAll, expect, it } from "vitest";

import { openConnection } from "../../src/worker/connection.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const connection = openConnection({ url, max: 3, name: "test", timeoutMs: 5_000 });
afterAll(() => connection.close());

it("does not look for ever for connections that are never given back", async () => {
  await connection.pool.connect();
  await connection.pool.connect();
  let looks = 0;
  Object.defineProperty(connection.pool, "totalCount", {
    get: () => {
      looks += 1;
      return 2;
    },
  });
  await connection.cut();
  const before = looks;
  expect(before).toBeGreaterThan(0);
  // Long enough to look again twenty times.
  await pool.query("select pg_sleep(0.1)");
  expect(looks).toBe(before);
});
