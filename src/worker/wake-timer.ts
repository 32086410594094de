/** Has something done when deliveries become due. */
export interface WakeTimer {
  /** One becomes due in so many milliseconds. */
  wakeIn(ms: number): void;
  /** Nothing is done any more. */
  stop(): void;
}

/** Those that become due within so many milliseconds are woken together. */
const TOGETHER_MS = 10;
/** For a longer wait it does not matter that graphile-worker only looks from time to time. */
const LONGEST_MS = 60_000;

/**
 * graphile-worker looks for jobs that have become due in intervals only. This wakes it at the right time for those that
 * were put off here. When the process dies, the intervals remain. Does nothing, and keeps no timer, while nothing waits.
 *
 * @param wake is told how many are due; what it throws is its own concern.
 */
export function wakeTimer(wake: (count: number) => void): WakeTimer {
  // How many by when, in steps of TOGETHER_MS: a bounded number, however many deliveries wait.
  const due = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  let next = Number.POSITIVE_INFINITY;
  let stopped = false;
  const ring = () => {
    const now = Math.floor(performance.now() / TOGETHER_MS);
    let count = 0;
    next = Number.POSITIVE_INFINITY;
    for (const [step, waiting] of due) {
      if (step <= now) {
        count += waiting;
        due.delete(step);
      } else next = Math.min(next, step);
    }
    if (next < Number.POSITIVE_INFINITY) set();
    if (count > 0) wake(count);
  };
  const set = () => {
    clearTimeout(timer);
    timer = setTimeout(ring, Math.max(1, next * TOGETHER_MS - performance.now())).unref();
  };
  return {
    wakeIn(ms) {
      if (stopped || ms <= 0 || ms > LONGEST_MS) return;
      // At the end of its step: rather a moment late than early, when there would be nothing to find.
      const step = Math.ceil((performance.now() + ms) / TOGETHER_MS);
      due.set(step, (due.get(step) ?? 0) + 1);
      if (step >= next) return;
      next = step;
      set();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      due.clear();
    },
  };
}
