import { jsonFailure } from "./failure-text.js";
import { logGiven } from "./log-format.js";

/** Ends a command whose output cannot be written. A reader that closes the pipe, such as `head`, is no error. */
function endOf(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  const message = `the output cannot be written: ${error.message}`;
  const isJson = logGiven(process.argv.slice(2)) === "json";
  process.stderr.write(
    `${isJson ? jsonFailure(new Error(message, { cause: error }), false) : `error: ${message}`}\n`,
  );
  process.exit(1);
}

/** Ends the command if its output fails, for example because a disk is full. */
export function watchOutput(): void {
  process.stdout.on("error", endOf);
  // There is no output left to report this on.
  process.stderr.on("error", () => undefined);
}

/** Continues if the output fails. For a worker, whose deliveries matter more than its log. */
export function goOnWithoutOutput(): void {
  process.stdout.on("error", () => undefined);
  process.stdout.off("error", endOf);
}
