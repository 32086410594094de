/** Lets so many run at once; others wait for their turn. */
export interface Slots {
  /** Undefined: there was a place; else resolves when there is. */
  take(): Promise<void> | undefined;
  /** To be called by each that has taken a place, when it has ended. */
  free(): void;
}

export function openSlots(most: number): Slots {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    take() {
      if (running >= most) return new Promise((resolve) => waiting.push(resolve));
      running += 1;
      return undefined;
    },
    free() {
      // Who is woken has the place of the one that woke him.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    },
  };
}
