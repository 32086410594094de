/** Lets handlers run together, or one of them alone. */
export interface RunGate {
  /** Runs beside others, as soon as nobody runs alone. */
  together<T>(run: () => Promise<T>): Promise<T>;
  /** Runs as soon as nobody else runs, and holds up everybody meanwhile. Undefined: another one does that already. */
  alone<T>(run: () => Promise<T>): Promise<T | undefined>;
}

/** The gate of one process. */
export function openGate(): RunGate {
  let together = 0;
  let isAlone = false;
  let wake: (() => void)[] = [];
  const changed = () =>
    new Promise<void>((resolve) => {
      wake.push(resolve);
    });
  const change = () => {
    const woken = wake;
    wake = [];
    for (const resolve of woken) resolve();
  };
  return {
    async together(run) {
      while (isAlone) await changed();
      together += 1;
      try {
        return await run();
      } finally {
        together -= 1;
        change();
      }
    },
    async alone(run) {
      if (isAlone) return undefined;
      isAlone = true;
      try {
        while (together > 0) await changed();
        return await run();
      } finally {
        isAlone = false;
        change();
      }
    },
  };
}
