/** The commands that write a log, not a listing. */
const LOGGING: ReadonlySet<string> = new Set(["worker", "migrate"]);

/** The format of log lines without `--log`: for people on a terminal, otherwise for programs that collect logs. */
export function defaultLogFormat(): "pretty" | "json" {
  return process.stdout.isTTY ? "pretty" : "json";
}

/** The format of the error that ends a command: that of its log, if it writes one; otherwise pretty, unless `--log json` is set. */
export function failureFormat(command: string, log: string | undefined): "pretty" | "json" {
  if (log !== undefined) return log === "json" ? "json" : "pretty";
  return LOGGING.has(command) ? defaultLogFormat() : "pretty";
}

/** The value of `--log`, read directly from the arguments: they may not be parsed yet, or be wrong. */
export function logGiven(args: readonly string[]): string | undefined {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  const values = options.flatMap((arg, index) => {
    if (arg === "--log") return options[index + 1] ?? [];
    return arg.startsWith("--log=") ? arg.slice("--log=".length) : [];
  });
  return values.at(-1);
}
