import { SingleBar } from "cli-progress";
import color from "picocolors";

/** Shows how far something is. */
export interface Progress {
  /** `note` says what is being done, or how fast. */
  update(done: number, note?: string): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere a line for each tenth. */
export function showProgress(label: string, total: number): Progress {
  return process.stdout.isTTY ? progressBar(label, total) : progressLines(label, total);
}

function progressBar(label: string, total: number): Progress {
  const bar = new SingleBar({
    format: `${color.bold(label.padEnd(10))} ${color.cyan("{bar}")} {value}/{total}  {note}`,
    barsize: 30,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    stream: process.stdout,
  });
  let last = "";
  bar.start(total, 0, { note: last });
  return {
    update(done, note = last) {
      last = note;
      bar.update(Math.min(done, total), { note });
    },
    stop: () => bar.stop(),
  };
}

function progressLines(label: string, total: number): Progress {
  let shown = -1;
  return {
    update(done, note = "") {
      const tenths = total === 0 ? 10 : Math.floor((10 * done) / total);
      if (tenths <= shown) return;
      shown = tenths;
      console.log(`${label.padEnd(10)} ${done}/${total}  ${note}`);
    },
    stop: () => undefined,
  };
}
