import { isConnectionError, stateOf } from "./connection-error.js";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** For how long a statement is repeated. */
export interface Patience {
  readonly patienceMs: number;
  /** Aborted when nobody waits for the statement any more, and it must not keep the process alive. */
  readonly ended: AbortSignal;
}

/**
 * Repeats a statement while the database is out of reach, for up to `patienceMs`: connections break, servers restart.
 * The statement must be one that may be run twice.
 *
 * @throws what it threw last.
 */
export async function whileUnreachable<T>(patience: Patience, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    return again(patience, run, error);
  }
}

/** The same for a statement that has failed with `error` once already. */
export async function again<T>(
  { patienceMs, ended }: Patience,
  run: () => Promise<T>,
  error: unknown,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  let last = error;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (!mayPass(last) || performance.now() + pauseMs > giveUpAt) throw last;
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

/** Whether the same statement may succeed later. Our own mistakes, a TypeError, never pass. */
function mayPass(error: unknown): boolean {
  const state = stateOf(error);
  if (state === undefined) return isConnectionError(error);
  // 08 connection, 25006 a server that takes no writes, as in a fail-over, 40 rolled back, 53 resources, 55P03 a lock not to be had in time, 57 shut down or cancelled.
  return /^(08|25006|40|53|55P03|57)/.test(state);
}
