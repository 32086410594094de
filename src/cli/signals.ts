const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Calls `stop` on the first SIGTERM or SIGINT. A second signal, or one while `stop` returns undefined, ends the process. */
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
 * Calls `stop` if npm, the parent of this process, has ended: `npx` and `npm run` end on SIGTERM without passing it on. This
 * process would otherwise keep running unnoticed, beside its successor.
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
