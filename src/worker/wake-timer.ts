/** Wakes workers when deliveries become due. */
export interface WakeTimer {
  /** A delivery becomes due in so many milliseconds. */
  wakeIn(ms: number): void;
  /** Wakes no more. */
  stop(): void;
}

/** Those that become due within so many milliseconds are woken together. */
const TOGETHER_MS = 10;
/** After a longer wait, it does not matter that graphile-worker only polls. */
const LONGEST_MS = 60_000;

/**
 * graphile-worker polls for jobs that have become due. This wakes it in time for deliveries that this worker has put off;
 * when the process dies, polling remains. Keeps no timer while no delivery waits.
 *
 * @param wake is called with how many are due.
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
