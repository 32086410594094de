import { beforeEach, describe, expect, it } from "vitest";

import { executorOf } from "../../src/outbox/executor.js";
import {
  lockRowStatement,
  lockRowWithCounters,
  type TableCounters,
  tableCounters,
} from "../../src/outbox/lock-row.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();

beforeEach(async () => {
  await pool.query(`
    drop table if exists plain, parted;
    create table plain (id int primary key);
    create table parted (id int primary key) partition by range (id);
    create table low partition of parted for values from (0) to (10);
    create table high partition of parted for values from (10) to (20) partition by range (id);
    create table higher partition of high for values from (10) to (20)`);
});

/** What a transaction has counted after some statements. */
async function countersAfter(statements: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    for (const statement of statements) await client.query(statement);
    const tables = ["parted", "plain"].map((table) => ({ schema: "public", table }));
    const counters: readonly TableCounters[] = await tableCounters(executorOf(client), tables);
    return counters.map((one) => ({
      counts: one.ex_event_bus_counts,
      inserted: Number(one.ex_event_bus_inserted),
      updated: Number(one.ex_event_bus_updated),
      deleted: Number(one.ex_event_bus_deleted),
    }));
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe("what a transaction has done to tables", () => {
  it("is counted for tables, and for all partitions of one together", async () => {
    expect(
      await countersAfter([
        "insert into plain values (1), (2), (3)",
        "update plain set id = 4 where id = 1",
        "delete from plain where id < 4",
        "insert into parted values (1), (11), (12)",
        "update parted set id = 2 where id = 1",
        "delete from parted where id = 12",
      ]),
    ).toEqual([
      { counts: true, inserted: 3, updated: 1, deleted: 1 },
      { counts: true, inserted: 3, updated: 1, deleted: 2 },
    ]);
  });

  it("is said not to be counted with track_counts off", async () => {
    const [counters] = await countersAfter(["set local track_counts = off", "insert into parted values (1)"]);
    expect(counters).toMatchObject({ counts: false });
  });

  it("is said not to be counted where rows may be in tables that inherit", async () => {
    const [, counters] = await countersAfter([
      "create table child () inherits (plain)",
      "insert into child values (1)",
    ]);
    expect(counters).toMatchObject({ counts: false });
  });

  it("does not get mixed up with columns of the row that is asked for with them", async () => {
    await pool.query(
      `create table if not exists "soft" (id int, inserted text, updated text, deleted text, counts text)`,
    );
    const table = { schema: "public", table: "soft" };
    const names = ["inserted", "updated", "deleted", "counts"];
    const columns = {
      columns: names.map((column) => ({ column, form: "plain" as const })),
      exact: [],
      moments: [],
    };
    const lock = lockRowStatement(table, columns, ["id"], "no key update");
    const [row] = (await pool.query(lockRowWithCounters(lock, table), [1])).rows;
    expect(row).toMatchObject({
      ex_event_bus_inserted: "0",
      ex_event_bus_deleted: "0",
      ex_event_bus_counts: true,
      c2: null,
    });
  });
});
