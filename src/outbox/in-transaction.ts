import type { Executor } from "./executor.js";

const BEGIN = /* sql */ `begin`;
const COMMIT = /* sql */ `commit`;
const ROLL_BACK = /* sql */ `rollback`;

/** Does something at once or not at all. `executor` must be that of one connection, on which nothing else runs. */
export async function inTransaction<T>(executor: Executor, work: () => Promise<T>): Promise<T> {
  await executor.query(BEGIN);
  try {
    const result = await work();
    await executor.query(COMMIT);
    return result;
  } catch (error) {
    // What failed says more than that the connection is gone.
    await executor.query(ROLL_BACK).catch(() => undefined);
    throw error;
  }
}
