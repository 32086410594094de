import { isEventBusError } from "../errors.js";
import { databaseFailure } from "../outbox/database-error.js";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Repeats a statement while the database is out of reach, for up to `patienceMs`: connections break, servers restart.
 * The statement must be one that may be run twice.
 *
 * @throws what it threw last.
 */
export async function whileUnreachable<T>(patienceMs: number, run: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await run();
    } catch (error) {
      if (!mayPass(error) || performance.now() + pauseMs > giveUpAt) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
  }
}

/** Whether the same statement may succeed later. Errors without an SQLSTATE are those of sockets and drivers. */
function mayPass(error: unknown): boolean {
  if (isEventBusError(error)) return error.code === "DATABASE_UNREACHABLE";
  const state = databaseFailure(error)?.state;
  // 08 connection, 40 rolled back, 53 resources, 57 shut down or cancelled; EPIPE only looks like an SQLSTATE.
  return state === undefined || state === "EPIPE" || /^(08|40|53|57)/.test(state);
}
