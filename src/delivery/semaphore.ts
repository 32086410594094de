/** Limits how many handlers run at once. */
export interface Semaphore {
  /** Undefined when a permit was free; otherwise resolves when the caller has one. */
  acquire(): Promise<void> | undefined;
  /** Gives a permit back. To be called once for each that was acquired. */
  release(): void;
}

/** @param permits how many may be held at once. */
export function openSemaphore(permits: number): Semaphore {
  let held = 0;
  const waiting: (() => void)[] = [];
  return {
    acquire() {
      if (held >= permits) return new Promise((resolve) => waiting.push(resolve));
      held += 1;
      return undefined;
    },
    release() {
      // The permit passes to the first that waits.
      const next = waiting.shift();
      if (next === undefined) held -= 1;
      else next();
    },
  };
}
