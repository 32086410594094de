import { createInterface } from "node:readline/promises";

import { EventBusError } from "../errors.js";

/** The option that answers the question beforehand. */
export const YES = ["--yes", "do not ask"] as const;

/** Whether somebody is there who could answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks on a terminal, on its error output, whether to go on. "y" and "yes" do.
 *
 * @throws EventBusError `INVALID_OPTION` when the answer is another one, so that the command ends with 1.
 */
export async function confirm(question: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Without an answer, as after Ctrl-D, `question` would never end.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new EventBusError("INVALID_OPTION", "Nothing was changed: the answer was not yes.");
}
