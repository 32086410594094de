import { isConnectionError, stateOf } from "./connection-error.js";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** How long a statement is retried. */
export interface RetryLimits {
  readonly patienceMs: number;
  /** Aborted when the result is no longer needed, so that the statement does not keep the process alive. */
  readonly ended: AbortSignal;
}

/**
 * Runs a statement, and retries it while the database is unreachable, for up to `patienceMs`: connections break, servers
 * restart. The statement must be one that may run twice.
 *
 * @throws the last error.
 */
export async function retryWhileUnreachable<T>(limits: RetryLimits, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    return retryAfter(error, limits, run);
  }
}

/** The same for a statement that has failed once already, with `error`. */
export async function retryAfter<T>(
  error: unknown,
  { patienceMs, ended }: RetryLimits,
  run: () => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  let last = error;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (!isTemporary(last) || performance.now() + pauseMs > giveUpAt) throw last;
    await pause(pauseMs, ended);
    if (ended.aborted) throw last;
    try {
      return await run();
    } catch (thrown) {
      last = thrown;
    }
  }
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      ended.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    ended.addEventListener("abort", over);
  });
}

/** Whether the same statement may succeed later. After a mistake in a program, such as a TypeError, it cannot. */
function isTemporary(error: unknown): boolean {
  const state = stateOf(error);
  if (state === undefined) return isConnectionError(error);
  // 08 connection, 25006 no writes (a standby, as in a failover), 40 rolled back, 53 resources, 55P03 lock not available,
  // 57 shut down or cancelled.
  return /^(08|25006|40|53|55P03|57)/.test(state);
}
