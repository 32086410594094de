import { createInterface } from "node:readline/promises";

import { EventBusError } from "../errors.js";

/** The option that answers the question beforehand. */
export const YES = ["--yes", "do not ask"] as const;

/** Whether somebody is there who could answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Whether the command was started by hand, on a terminal, and not by a timer or another program. */
export function isByHand(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
}

/** What there is to say where nobody can be asked, of what cannot be undone. */
export function cannotAsk(command: string): EventBusError {
  return new EventBusError(
    "INVALID_OPTION",
    `${command} cannot be undone, and there is no terminal to ask on: expected --yes, or --dry-run to see what it would do`,
  );
}

/**
 * Asks on a terminal, on its error output, whether to go on. "y" and "yes" do. After any other answer it says there what was
 * not done, and the command ends with 1: nothing is wrong, but whoever waits for it must not take it for done.
 */
export async function confirm(question: string, otherwise: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Without an answer, as after Ctrl-D, `question` would never end.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  process.stderr.write(`${otherwise}\n`);
  process.exitCode = 1;
  return false;
}
