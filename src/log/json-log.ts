import type { Logger } from "./logger.js";
import { isError, plainError } from "./plain-error.js";

/** Writes one line; the text has no line break. */
export type WriteLine = (line: string) => void;

/**
 * A logger that writes each line as one JSON object: `time` (ISO 8601), `level`, `message` and the fields. Errors are written in
 * the form of {@link plainError}.
 */
export function jsonLogger(write: WriteLine, options: { readonly debug?: boolean } = {}): Logger {
  const line =
    (level: string) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const start = { time: new Date().toISOString(), level, message };
      write(
        asJson({ ...start, ...fields, ...start }) ??
          JSON.stringify({ ...start, fields: "cannot be written as JSON" }),
      );
    };
  return {
    debug: options.debug === true ? line("debug") : () => undefined,
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
  };
}

/** Undefined if a value cannot become JSON: logging must not make a handler fail. */
function asJson(line: object): string | undefined {
  try {
    return JSON.stringify(line, forJson());
  } catch {
    return undefined;
  }
}

/** Turns values that JSON cannot hold into texts. */
function forJson(): (key: string, value: unknown) => unknown {
  const open = new Set<unknown>();
  return (_key, value) => {
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "function") return `[function ${value.name}]`;
    if (typeof value !== "object" || value === null) return value;
    if (open.has(value)) return "[again]";
    open.add(value);
    return isError(value) ? plainError(value) : value;
  };
}
