import type { Command } from "commander";

/** A word that can come next, with what help says of it. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

/** A command as a shell sees it. */
export interface CommandTree {
  /** The words that lead to it, the name of the program left out: `dead list`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & { readonly choices: readonly string[]; readonly takesValue: boolean })[];
  /** What its first argument can be, where that is known. */
  readonly choices: readonly string[];
}

/** A command and those beneath it, as the program itself knows them. */
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
    // The command "help" completes the names of the others by itself, and has nothing beneath it.
    ...command.commands.flatMap((one) => treeOf(one, `${path} ${one.name()}`.trim())),
  ];
}
