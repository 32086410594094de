import type { Command } from "commander";

import { EventBusError } from "../errors.js";
import { didYouMean } from "../registry/nearest-name.js";
import { jsonFailure } from "./failure-text.js";
import { failureFormat, logGiven } from "./log-format.js";

const HINT = "(see --help)";

/** commander's own message; it can contain "=" and the value of the option. */
const UNKNOWN_OPTION = /^error: unknown option '([^'=]+)/;

/**
 * Sets up the help and the errors of a command and its subcommands. Their help also shows the options of the program. An unknown
 * option is reported with the nearest option, or with all options: commander names none for an option with one dash, or one
 * that is not similar enough.
 */
export function explainErrors(command: Command): void {
  command.configureHelp({ showGlobalOptions: true }).configureOutput({
    outputError: (text) => refuse(command, explained(text, command)),
    // commander writes here the help of a command that needs a subcommand.
    writeErr: (text) => (isJson(command) ? refuse(command, missing(command)) : process.stderr.write(text)),
  });
  for (const one of command.commands) explainErrors(one);
}

function isJson(command: Command): boolean {
  return failureFormat(command.name(), logGiven(process.argv.slice(2))) === "json";
}

/** Reports wrong arguments in the format in which the command reports its other failures. */
function refuse(command: Command, text: string): void {
  if (isJson(command)) {
    const message = text.replace(/^error: /, "").trimEnd();
    process.stderr.write(`${jsonFailure(new EventBusError("INVALID_OPTION", message), false)}\n`);
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
  // A single letter means the option that begins with it. By similarity it would match short names only.
  const letter = /^-[^-]$/.test(given) ? known.filter((option) => option.startsWith(`-${given}`)) : [];
  const meant = letter.length === 1 ? letter.join() : given;
  return `error: unknown option "${given}"${didYouMean(meant, letter.length > 0 ? letter : known)}\n`;
}

/** The long options of a command and of the commands above it. */
function optionsOf(command: Command): readonly string[] {
  const own = command.createHelp().visibleOptions(command);
  const long = own.flatMap((option) => option.long ?? []);
  return [...new Set(command.parent === null ? long : [...long, ...optionsOf(command.parent)])];
}
