import { Argument, Command } from "commander";

import { type CommandTree, treeOf } from "./command-tree.js";
import { bashScript, fishScript, zshScript } from "./completion-scripts.js";
import { print } from "./standard-output.js";

const SCRIPTS: Readonly<Record<string, (tree: readonly CommandTree[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `ex-event-bus completion <shell>`: completes commands and options in a shell. */
export function completionCommand(): Command {
  return new Command("completion")
    .description(
      'print a script by which a shell completes commands and options: eval "$(… completion bash)"',
    )
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SCRIPTS)))
    .action((shell: string, _options: object, command: Command) => {
      let program = command;
      while (program.parent !== null) program = program.parent;
      print(SCRIPTS[shell]?.(treeOf(program)) ?? "");
    });
}
