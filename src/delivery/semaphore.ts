/** Limits how many handlers run at once. */
export interface Semaphore {
  /** Undefined if a permit was free; otherwise resolves once the caller has one. */
  acquire(): Promise<void> | undefined;
  /** Returns a permit. Must be called once for each acquired permit. */
  release(): void;
}

/** @param permits how many can be held at once. */
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
      // The permit passes to the first waiting caller.
      const next = waiting.shift();
      if (next === undefined) held -= 1;
      else next();
    },
  };
}
