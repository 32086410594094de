/** Lets handlers run together, or one of them alone. */
export interface RunGate {
  /**
   * To be called by who runs beside others. Undefined: it may; else resolves when nobody runs alone any more, and as soon
   * as `stop` is aborted: who runs then has to look at that.
   */
  enter(stop: AbortSignal): Promise<void> | undefined;
  /** To be called by each that has entered, when it has ended. */
  leave(): void;
  /** Runs when nobody else does, and holds up everybody for a while. Undefined: others run, it shall come back later. */
  alone<T>(alone: Alone<T>, stop: AbortSignal): Promise<T | undefined>;
}

/** What runs alone. */
export interface Alone<T> {
  readonly run: () => Promise<T>;
  /** For so long, in milliseconds. Then others run beside it. */
  readonly forMs: number;
  /** Called before they do. When it rejects, nobody is let in. */
  readonly share: () => Promise<void>;
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
  const waitToEnter = async (stop: AbortSignal) => {
    // Woken together with others, it may find somebody alone again.
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
          // Whoever dies now is still thought to have been alone.
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
