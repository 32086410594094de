/** The commands that write lines of a log, not a listing. */
const LOGGING: ReadonlySet<string> = new Set(["worker", "migrate"]);

/** How log lines are written where `--log` is not given: for people on a terminal, else for who collects them. */
export function defaultLogFormat(): "pretty" | "json" {
  return process.stdout.isTTY ? "pretty" : "json";
}

/** How a command says what ended it: as its log, if it writes one; people read the others, unless `--log json` is given. */
export function failureFormat(command: string, log: string | undefined): "pretty" | "json" {
  if (log !== undefined) return log === "json" ? "json" : "pretty";
  return LOGGING.has(command) ? defaultLogFormat() : "pretty";
}

/** The value of `--log`, where the arguments cannot be parsed, or have not been. */
export function logGiven(args: readonly string[]): string | undefined {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  const values = options.flatMap((arg, index) => {
    if (arg === "--log") return options[index + 1] ?? [];
    return arg.startsWith("--log=") ? arg.slice("--log=".length) : [];
  });
  return values.at(-1);
}
