import { setTimeout as wait } from "node:timers/promises";

import { onSignals } from "./signals.js";

/** Repeats work with a pause between, until SIGINT or SIGTERM. */
export async function repeat(intervalMs: number, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  onSignals(() => {
    stop.abort();
    return Promise.resolve();
  });
  // The reader of the output has gone.
  process.stdout.once("error", () => stop.abort());
  while (!stop.signal.aborted) {
    await work();
    await wait(intervalMs, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}
