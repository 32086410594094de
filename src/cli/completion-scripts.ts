import type { CommandTree } from "./command-tree.js";

const PROGRAM = "ex-event-bus";

/** For bash: `eval "$(ex-event-bus completion bash)"`. */
export function bashScript(tree: readonly CommandTree[]): string {
  const next = tree.map(
    ({ path, commands, options, choices }) =>
      `    ${quoted(path)}) words=${quoted(
        [...commands, ...options]
          .map(({ word }) => word)
          .concat(choices)
          .join(" "),
      )} ;;`,
  );
  return `_ex_event_bus() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${pathsOf(tree)}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${next.join("\n")}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD - 1]}" in
${valuesOf(tree, ({ choices }) => `words=${quoted(choices.join(" "))}`, "words=''")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ex_event_bus ${PROGRAM}
`;
}

/** For zsh, after `compinit`: `eval "$(ex-event-bus completion zsh)"`. */
export function zshScript(tree: readonly CommandTree[]): string {
  const next = tree.map(({ path, commands, options, choices }) => {
    const words = [...commands, ...options].map(({ word, about }) => quoted(`${word}:${about}`));
    return `    ${quoted(path)}) found=(${[...words, ...choices.map(quoted)].join(" ")}) ;;`;
  });
  return `#compdef ${PROGRAM}
_ex_event_bus() {
  local where='' i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "\${where:+$where }\${words[i]}" in
      ${pathsOf(tree)}) where="\${where:+$where }\${words[i]}" ;;
    esac
  done
  case "$where" in
${next.join("\n")}
  esac
  case "$where \${words[CURRENT - 1]}" in
${valuesOf(tree, ({ choices }) => `found=(${choices.map(quoted).join(" ")})`, "_files; return")}
  esac
  _describe '${PROGRAM}' found
}
compdef _ex_event_bus ${PROGRAM}
`;
}

/** For fish: `ex-event-bus completion fish | source`. */
export function fishScript(tree: readonly CommandTree[]): string {
  const lines = tree.flatMap(({ path, commands, options, choices }) => {
    const words = path === "" ? [] : path.split(" ");
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const names = commands.map(({ word }) => word);
    // Once a subcommand is typed, nothing of the command above it is offered.
    const here = names.length === 0 ? seen : [...seen, `not __fish_seen_subcommand_from ${names.join(" ")}`];
    const start = `complete -c ${PROGRAM} -n ${quoted(here.join("; and ") || "true")}`;
    return [
      ...commands.map(({ word, about }) => `${start} -f -a ${word} -d ${quoted(about)}`),
      ...choices.map((choice) => `${start} -f -a ${choice}`),
      ...options.map(({ word, about, takesValue, choices: values }) => {
        const value = values.length > 0 ? ` -x -a ${quoted(values.join(" "))}` : takesValue ? " -r" : "";
        return `${start} -l ${word.replace(/^--/, "")}${value} -d ${quoted(about)}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}

/** The patterns of `case` for every command. */
function pathsOf(tree: readonly CommandTree[]): string {
  return tree
    .filter(({ path }) => path !== "")
    .map(({ path }) => quoted(path))
    .join(" | ");
}

/** The branches of `case` for the value of an option. */
function valuesOf(
  tree: readonly CommandTree[],
  known: (option: CommandTree["options"][number]) => string,
  unknown: string,
): string {
  return tree
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map((option) => {
          const value = option.choices.length > 0 ? known(option) : unknown;
          return `    ${quoted(`${path} ${option.word}`)}) ${value} ;;`;
        }),
    )
    .join("\n");
}

/** A text quoted as one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
