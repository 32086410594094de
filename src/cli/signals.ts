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

const LOOK_MS = 500;

/**
 * Calls `stop` when the process is left behind by npm: `npx` and `npm run` end on SIGTERM without passing it on, and
 * what they started would go on, unseen, beside its successor.
 */
export function onLeftBehind(stop: () => void): void {
  if (process.env["npm_command"] === undefined) return;
  const parent = process.ppid;
  const look = () => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  };
  const timer = setInterval(look, LOOK_MS).unref();
}
