import { createInterface } from "node:readline/promises";

import { EventBusError } from "../errors.js";

/** The option that answers the question beforehand. */
export const YES = ["--yes", "do not ask"] as const;

/** Whether a question can be asked and answered on a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Whether the command was started by hand, on a terminal, and not by a timer or another program. */
export function isByHand(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
}

/** The error of a command that cannot be undone, if there is no terminal to ask on. */
export function cannotAsk(command: string): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    `${command} cannot be undone, and there is no terminal to ask on: expected --yes, or --dry-run to see what it would do`,
  );
}

/**
 * Asks on the error output of a terminal whether to continue. "y" and "yes" mean yes. After any other answer it prints
 * `otherwise` there, and the command ends with exit code 1: nothing is wrong, but a script must not take the work for done.
 */
export async function confirm(question: string, otherwise: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // If the input ends without an answer (Ctrl-D), `question` never settles.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  process.stderr.write(`${otherwise}\n`);
  process.exitCode = 1;
  return false;
}
