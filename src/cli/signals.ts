const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Calls `stop` on the first SIGTERM or SIGINT; a second one, or one before there is anything to stop, ends the process. */
export function onSignals(stop: () => Promise<void> | undefined): void {
  let stopping = false;
  for (const signal of Object.keys(CODES) as (keyof typeof CODES)[]) {
    process.on(signal, () => {
      if (stopping || stop() === undefined) process.exit(CODES[signal]);
      stopping = true;
    });
  }
}
