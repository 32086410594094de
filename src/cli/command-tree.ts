import type { Command } from "commander";

/** A word that can follow, with its description in the help. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

/** A command, as a shell completes it. */
export interface CommandTree {
  /** The words that lead to it, without the name of the program: `dead list`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & { readonly choices: readonly string[]; readonly takesValue: boolean })[];
  /** The possible values of its first argument, if they are limited. */
  readonly choices: readonly string[];
}

/** A command and its subcommands, read from their definitions. */
export function treeOf(command: Command, path = ""): readonly CommandTree[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const below = help.visibleCommands(command);
  return [
    {
      path,
      commands: below.map((one) => ({ word: one.name(), about: one.description() })),
      options: options.flatMap(({ long, description, argChoices = [], required, optional }) =>
        long == null
          ? []
          : [{ word: long, about: description, choices: argChoices, takesValue: required || optional }],
      ),
      choices: command.registeredArguments[0]?.argChoices ?? [],
    },
    // commander adds the command "help" by itself: it has no subcommands.
    ...command.commands.flatMap((one) => treeOf(one, `${path} ${one.name()}`.trim())),
  ];
}
