import type { Command } from "commander";

import { didYouMean } from "../registry/nearest-name.js";

/** commander's own message; behind a "=" is the value that the option was given. */
const UNKNOWN_OPTION = /^error: unknown option '([^'=]+)/;

/**
 * Lets a command and those beneath it show in their help the options of the program too, and say which of their options
 * was meant, or which they have, as everything else here does: by itself commander is silent about those with one dash, and those that are not much alike.
 */
export function explainErrors(command: Command): void {
  command
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help shows what there is)")
    .configureOutput({ outputError: (text, write) => write(explained(text, command)) });
  for (const one of command.commands) explainErrors(one);
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
