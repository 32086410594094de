import { databaseFailure } from "./database-error.js";
import type { Executor } from "./executor.js";

const SAVE = /* sql */ `savepoint event_bus_attempt`;
const RELEASE = /* sql */ `release savepoint event_bus_attempt`;
const ROLL_BACK = /* sql */ `rollback to savepoint event_bus_attempt`;

/**
 * Does something in the middle of a transaction that can be used afterwards, even when a statement has failed meanwhile.
 * Then, and only then, what was written meanwhile is gone.
 *
 * @param aborted what is thrown when a statement has failed and nobody said so.
 * @throws what `work` throws.
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

/** Does something in the middle of a transaction of which nothing is to stay. What fails in it has aborted the transaction. */
export async function undone<T>(executor: Executor, work: () => Promise<T>): Promise<T> {
  await executor.query(SAVE);
  const result = await work();
  await executor.query(ROLL_BACK);
  await executor.query(RELEASE);
  return result;
}

/** @returns false when a statement had failed, and the transaction had to go back. */
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
