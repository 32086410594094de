import type { Command } from "commander";

import { EventBusError } from "../errors.js";
import { didYouMean } from "../registry/nearest-name.js";
import { jsonFailure } from "./failure-text.js";
import { failureFormat, logGiven } from "./log-format.js";

const HINT = "(--help shows what there is)";

/** commander's own message; behind a "=" is the value that the option was given. */
const UNKNOWN_OPTION = /^error: unknown option '([^'=]+)/;

/**
 * Lets a command and those beneath it show in their help the options of the program too, and say which of their options
 * was meant, or which they have, as everything else here does: by itself commander is silent about those with one dash, and those that are not much alike.
 */
export function explainErrors(command: Command): void {
  command.configureHelp({ showGlobalOptions: true }).configureOutput({
    outputError: (text) => refuse(command, explained(text, command)),
    // What comes here is the help of a command that needs one beneath it.
    writeErr: (text) => (isJson(command) ? refuse(command, missing(command)) : process.stderr.write(text)),
  });
  for (const one of command.commands) explainErrors(one);
}

function isJson(command: Command): boolean {
  return failureFormat(command.name(), logGiven(process.argv.slice(2))) === "json";
}

/** Says what is wrong with the arguments, in the way in which the command says what else ends it. */
function refuse(command: Command, text: string): void {
  if (isJson(command)) {
    const message = text.replace(/^error: /, "").trimEnd();
    process.stderr.write(`${jsonFailure(new EventBusError("INVALID_OPTION", message))}\n`);
  } else process.stderr.write(`${text}${HINT}\n`);
}

function missing(command: Command): string {
  const names = command.commands.map((one) => `"${one.name()}"`);
  return `"${command.name()}" needs a command: expected one of ${names.join(", ")}`;
}

function explained(text: string, command: Command): string {
  const given = UNKNOWN_OPTION.exec(text)?.[1];
  if (given === undefined) return text;
  const known = optionsOf(command);
  // A letter stands for what begins with it: names that are hardly longer are not alike.
  const letter = /^-[^-]$/.test(given) ? known.filter((option) => option.startsWith(`-${given}`)) : [];
  const meant = letter.length === 1 ? letter.join() : given;
  return `error: unknown option "${given}"${didYouMean(meant, letter.length > 0 ? letter : known)}\n`;
}

/** The long ones, those of the commands above it too. */
function optionsOf(command: Command): readonly string[] {
  const own = command.createHelp().visibleOptions(command);
  const long = own.flatMap((option) => option.long ?? []);
  return [...new Set(command.parent === null ? long : [...long, ...optionsOf(command.parent)])];
}
