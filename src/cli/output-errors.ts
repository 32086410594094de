import { jsonFailure } from "./failure-text.js";
import { logGiven } from "./log-format.js";

/** Ends a command whose output cannot be written. Whoever reads it may have seen enough, as `head` does. */
function endOf(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  const message = `the output cannot be written: ${error.message}`;
  const isJson = logGiven(process.argv.slice(2)) === "json";
  process.stderr.write(
    `${isJson ? jsonFailure(new Error(message, { cause: error })) : `error: ${message}`}\n`,
  );
  process.exit(1);
}

/** Says what becomes of a command whose output fails: a disk is full, a reader has gone. */
export function watchOutput(): void {
  process.stdout.on("error", endOf);
  // There is nowhere left to say so.
  process.stderr.on("error", () => undefined);
}

/** From now on the output is a log, and more depends on this process than its lines: it goes on without them. */
export function goOnWithoutOutput(): void {
  process.stdout.on("error", () => undefined);
  process.stdout.off("error", endOf);
}
