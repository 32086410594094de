import pg from "pg";
import { describe, expect, it } from "vitest";

import { testDatabase } from "./database.js";
import { eventually } from "./eventually.js";

const { pool, url, name } = await testDatabase();

describe("testDatabase", () => {
  it("has the tables of the Prisma schema and of graphile-worker", async () => {
    const { rows } = await pool.query(
      "select (select count(*) from users) as users, graphile_worker.add_job('x')",
    );
    expect(rows[0].users).toBe("0");
  });

  it("has a URL of its own", async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("select current_database() as name");
    await client.end();
    expect(rows).toEqual([{ name }]);
  });
});

describe("eventually", () => {
  it("returns what the assertion returns once it passes", async () => {
    let calls = 0;
    const value = await eventually(() => {
      calls += 1;
      expect(calls).toBeGreaterThan(2);
      return "done";
    });
    expect({ value, calls }).toEqual({ value: "done", calls: 3 });
  });

  it("fails with the error of the assertion after the deadline", async () => {
    const attempt = eventually(() => expect(1).toBe(2), 30);
    await expect(attempt).rejects.toThrow("expected 1 to be 2");
  });
});
