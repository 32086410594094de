import { SingleBar } from "cli-progress";

import type { Progress } from "../admin/in-batches.js";
import { onSignals } from "./signals.js";

/** Something that is done in batches, as a person at a terminal watches it. */
export interface WatchedWork {
  /** To be given to what works in batches. */
  readonly options: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal };
  /** Whether it was told to stop before its end. */
  wasStopped(): boolean;
  /** Takes the bar away. */
  done(): void;
}

/** A bar on the error output of a terminal, elsewhere nothing. The first Ctrl-C ends the work after the running batch. */
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
