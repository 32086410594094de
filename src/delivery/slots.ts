/** Lets so many run at once; others wait for their turn. */
export type Slots = <T>(run: () => Promise<T>) => Promise<T>;

export function openSlots(most: number): Slots {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    // Who is woken has the place of the one that woke him.
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
