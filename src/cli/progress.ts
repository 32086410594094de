import { SingleBar } from "cli-progress";

import type { Progress } from "../admin/in-batches.js";
import { onSignals } from "./signals.js";

/** Work in batches whose progress is shown on a terminal. */
export interface WatchedWork {
  /** Options for the function that works in batches. */
  readonly options: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal };
  /** Whether a signal stopped the work before its end. */
  wasStopped(): boolean;
  /** Removes the bar. */
  done(): void;
}

/** Shows a progress bar if the error output is a terminal. The first Ctrl-C ends the work after the current batch. */
export function watchWork(label: string): WatchedWork {
  const stop = new AbortController();
  onSignals(() => {
    stop.abort();
    return Promise.resolve();
  });
  const bar = process.stderr.isTTY ? newBar(label) : undefined;
  let started = false;
  return {
    options: {
      signal: stop.signal,
      onProgress({ done, total }) {
        if (!started) bar?.start(total, done);
        started = true;
        bar?.setTotal(total);
        bar?.update(done);
      },
    },
    wasStopped: () => stop.signal.aborted,
    done: () => bar?.stop(),
  };
}

function newBar(label: string): SingleBar {
  return new SingleBar({
    format: `${label} {bar} {value}/{total}`,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    stream: process.stderr,
  });
}
