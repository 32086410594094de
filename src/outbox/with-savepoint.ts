import { databaseFailure } from "./database-error.js";
import type { Executor } from "./executor.js";

const SAVE = /* sql */ `savepoint event_bus_attempt`;
const RELEASE = /* sql */ `release savepoint event_bus_attempt`;
const ROLL_BACK = /* sql */ `rollback to savepoint event_bus_attempt`;

/**
 * Runs `work` in a savepoint of a transaction, so that the transaction stays usable if a statement fails. Then, and only then, the
 * writes of `work` are rolled back.
 *
 * @param aborted the error to throw if a statement failed and `work` did not throw.
 * @throws the error of `work`.
 */
export async function withSavepoint<T>(
  executor: Executor,
  work: () => Promise<T>,
  aborted: () => Error,
): Promise<T> {
  await executor.query(SAVE);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await leave(executor);
    throw error;
  }
  if (!(await leave(executor))) throw aborted();
  return result;
}

/** Runs `work` in a transaction and undoes its writes. A statement of it that fails aborts the transaction. */
export async function undone<T>(executor: Executor, work: () => Promise<T>): Promise<T> {
  await executor.query(SAVE);
  const result = await work();
  await executor.query(ROLL_BACK);
  await executor.query(RELEASE);
  return result;
}

/** @returns false if a statement had failed, and the savepoint was rolled back. */
async function leave(executor: Executor): Promise<boolean> {
  try {
    await executor.query(RELEASE);
    return true;
  } catch (error) {
    if (databaseFailure(error)?.state !== "25P02") throw error;
    await executor.query(ROLL_BACK);
    await executor.query(RELEASE);
    return false;
  }
}
