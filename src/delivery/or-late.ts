import { EventBusError } from "../errors.js";

/**
 * What a promise brings, if it does so in time.
 *
 * @throws EventBusError `DATABASE_UNREACHABLE` otherwise.
 */
export async function orLate<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unanswered(ms)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unanswered(ms: number): EventBusError {
  return new EventBusError("DATABASE_UNREACHABLE", `The database did not answer within ${ms} ms.`);
}
