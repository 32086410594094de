import type { Pool } from "pg";
import { expect } from "vitest";

import { eventually } from "../../support/eventually.js";

/** Makes a call while another transaction has run `statement`, which commits when the call waits for it. */
export async function whileOtherHolds<T>(
  pool: Pool,
  statement: string,
  call: () => PromiseLike<T>,
): Promise<T> {
  const other = await pool.connect();
  try {
    await other.query("begin");
    await other.query(statement);
    const called = Promise.resolve(call());
    called.catch(() => undefined);
    await eventually(async () => {
      const { rowCount } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      expect(rowCount).toBe(1);
    });
    await other.query("commit");
    return await called;
  } finally {
    other.release();
  }
}
