/** Lets handlers run together, or one of them alone. */
export interface RunGate {
  /** Runs beside others, as soon as nobody runs alone; when `stop` is aborted, at once: `run` has to look at it. */
  together<T>(run: () => Promise<T>, stop: AbortSignal): Promise<T>;
  /** Runs when nobody else does, and holds up everybody meanwhile. Undefined: others run, it shall come back later. */
  alone<T>(run: () => Promise<T>, stop: AbortSignal): Promise<T | undefined>;
}

/** When who wants to run alone may hold up others before it runs, so that a busy process lets it run at all. */
export interface GateLimits {
  /** After so many refusals in a row. */
  readonly refusals: number;
  /** For so long. What runs may take much longer than that: then it gives way. */
  readonly holdMs: number;
  /**
   * And then not again for {@link REST_FACTOR} times as long as it held them up, and at most for this long, however
   * many there are that want to run alone.
   */
  readonly restMs: number;
}

/** Who wants to run alone costs a busy process a fifth of its time at most. */
const REST_FACTOR = 4;

const LIMITS: GateLimits = { refusals: 3, holdMs: 5_000, restMs: 20_000 };

/** The gate of one process. */
export function openGate({ refusals, holdMs, restMs }: GateLimits = LIMITS): RunGate {
  let together = 0;
  let isAlone = false;
  let refused = 0;
  let mayHoldAt = 0;
  const waiting = new Set<() => void>();
  const change = () => {
    for (const wake of [...waiting]) wake();
  };
  /** Waits until it is so, but not longer than until `stop` is aborted. */
  const until = (isSo: () => boolean, stop: AbortSignal) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        if (!isSo() && !stop.aborted) return;
        waiting.delete(wake);
        stop.removeEventListener("abort", wake);
        resolve();
      };
      waiting.add(wake);
      stop.addEventListener("abort", wake);
      wake();
    });
  /** Starts nobody else until those that run have ended. Returns whether they have, in time. */
  const hold = async (stop: AbortSignal) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), holdMs);
    await until(() => together === 0, AbortSignal.any([stop, late.signal]));
    clearTimeout(timer);
    return together === 0;
  };
  return {
    async together(run, stop) {
      // Woken together with others, it may find somebody alone again.
      while (isAlone && !stop.aborted) await until(() => !isAlone, stop);
      together += 1;
      try {
        return await run();
      } finally {
        together -= 1;
        change();
      }
    },
    async alone(run, stop) {
      if (isAlone) return undefined;
      if (together > 0) {
        refused += 1;
        if (refused <= refusals || performance.now() < mayHoldAt) return undefined;
      }
      refused = 0;
      isAlone = true;
      const heldUp = together > 0;
      const startedAt = performance.now();
      try {
        return together === 0 || (await hold(stop)) ? await run() : undefined;
      } finally {
        const endedAt = performance.now();
        if (heldUp) mayHoldAt = endedAt + Math.min(restMs, REST_FACTOR * (endedAt - startedAt));
        isAlone = false;
        change();
      }
    },
  };
}
