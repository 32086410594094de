/** Lets handlers run together, or one handler alone. */
export interface RunGate {
  /**
   * Must be called before a handler that may run beside others. If undefined, the handler may run now. Otherwise resolves once no
   * handler runs alone, or `stop` is aborted, which the caller must check.
   */
  enter(stop: AbortSignal): Promise<void> | undefined;
  /** Must be called once for each handler that has entered, after it has ended. */
  leave(): void;
  /** Runs a handler while no other handler runs, and holds up all others for a while. Undefined if others run: try again later. */
  alone<T>(alone: Alone<T>, stop: AbortSignal): Promise<T | undefined>;
}

/** A handler that runs alone. */
export interface Alone<T> {
  readonly run: () => Promise<T>;
  /** How long it runs alone, in milliseconds. Then others run beside it. */
  readonly forMs: number;
  /** Called before others are let in. If it rejects, none is. */
  readonly share: () => Promise<void>;
}

/** When a handler that must run alone may hold up others before it starts. In a busy process it would otherwise never run. */
export interface GateLimits {
  /** The number of refusals in a row after which it may. */
  readonly refusals: number;
  /** How long it may hold up others. If the running handlers take longer, it gives way. */
  readonly holdMs: number;
  /**
   * Afterwards no handler may hold up others for {@link REST_FACTOR} times the time that it took, but at most for this long.
   */
  readonly restMs: number;
}

/** Limits the cost of handlers that must run alone to a fifth of the time of a busy process. */
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
  /** Waits for the condition, until `stop` is aborted. */
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
  /** Starts no handler until the running ones have ended. Returns whether they ended in time. */
  const hold = async (stop: AbortSignal) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), holdMs);
    await until(() => together === 0, AbortSignal.any([stop, late.signal]));
    clearTimeout(timer);
    return together === 0;
  };
  const waitToEnter = async (stop: AbortSignal) => {
    // When it continues, another handler may run alone.
    while (isAlone && !stop.aborted) await until(() => !isAlone, stop);
    together += 1;
  };
  return {
    enter(stop) {
      if (isAlone && !stop.aborted) return waitToEnter(stop);
      together += 1;
      return undefined;
    },
    leave() {
      together -= 1;
      if (waiting.size > 0) change();
    },
    async alone({ run, forMs, share }, stop) {
      if (isAlone) return undefined;
      if (together > 0) {
        refused += 1;
        if (refused <= refusals || performance.now() < mayHoldAt) return undefined;
      }
      refused = 0;
      isAlone = true;
      const heldUp = together > 0;
      const startedAt = performance.now();
      const open = () => {
        const endedAt = performance.now();
        if (heldUp) mayHoldAt = endedAt + Math.min(restMs, REST_FACTOR * (endedAt - startedAt));
        isAlone = false;
        change();
      };
      let isOver = false;
      let isShared = false;
      const shareNow = () =>
        share().then(
          () => {
            if (isOver) return;
            isShared = true;
            together += 1;
            open();
          },
          // If the process dies now, this handler still counts as the only one.
          () => undefined,
        );
      let timer: NodeJS.Timeout | undefined;
      try {
        if (together > 0 && !(await hold(stop))) return undefined;
        timer = setTimeout(shareNow, forMs);
        return await run();
      } finally {
        clearTimeout(timer);
        isOver = true;
        if (!isShared) open();
        else {
          together -= 1;
          change();
        }
      }
    },
  };
}
