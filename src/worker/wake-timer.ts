/** Wakes workers when deliveries become due. */
export interface WakeTimer {
  /** Plans a wake-up for a delivery that becomes due in this many milliseconds. */
  wakeIn(ms: number): void;
  /** Cancels all planned wake-ups. */
  stop(): void;
}

/** Deliveries that become due within this many milliseconds are woken together. */
const TOGETHER_MS = 10;
/** For longer waits, polling of graphile-worker is early enough. */
const LONGEST_MS = 60_000;

/**
 * graphile-worker only polls for jobs that become due. This timer wakes it in time for deliveries that this worker has snoozed or
 * will retry. If the process dies, polling remains. Keeps no timer while no delivery waits.
 *
 * @param wake is called with the number of due deliveries.
 */
export function wakeTimer(wake: (count: number) => void): WakeTimer {
  // The number of deliveries by due time, in steps of TOGETHER_MS: bounded, however many deliveries wait.
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
      // At the end of its step: a moment late rather than early, when no job would be due.
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
