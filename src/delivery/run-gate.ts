/** Lets handlers run together, or one of them alone. */
export interface RunGate {
  /**
   * To be called before a handler that may run beside others. Undefined: it may run now; otherwise resolves when no handler
   * runs alone any more, or `stop` is aborted, which the caller has to check.
   */
  enter(stop: AbortSignal): Promise<void> | undefined;
  /** To be called once for each handler that has entered, when it has ended. */
  leave(): void;
  /** Runs a handler while no other one runs, and holds up all others for a while. Undefined: others run; try again later. */
  alone<T>(alone: Alone<T>, stop: AbortSignal): Promise<T | undefined>;
}

/** A handler that runs alone. */
export interface Alone<T> {
  readonly run: () => Promise<T>;
  /** For so long, in milliseconds. Then others run beside it. */
  readonly forMs: number;
  /** Called before they do. When it rejects, none is let in. */
  readonly share: () => Promise<void>;
}

/** When a handler that must run alone may hold up others before it starts, without which it would never run in a busy process. */
export interface GateLimits {
  /** After so many refusals in a row. */
  readonly refusals: number;
  /** For so long. Handlers that run may take much longer: then it gives way to them. */
  readonly holdMs: number;
  /**
   * After that none may do so for {@link REST_FACTOR} times as long as it took, and at most for this long, however many
   * must run alone.
   */
  readonly restMs: number;
}

/** With it, handlers that must run alone cost a busy process a fifth of its time at most. */
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
  /** Starts no handler until those that run have ended. Returns whether they have, in time. */
  const hold = async (stop: AbortSignal) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), holdMs);
    await until(() => together === 0, AbortSignal.any([stop, late.signal]));
    clearTimeout(timer);
    return together === 0;
  };
  const waitToEnter = async (stop: AbortSignal) => {
    // By the time that it goes on, another one may run alone.
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
          // If the process dies now, this handler still counts as having been alone.
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
