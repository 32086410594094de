import type { Logger } from "./logger.js";
import { isError, stackText } from "./plain-error.js";

/** The default logger of a worker inside another program: writes warnings and errors to the standard error output. */
export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => console.error(`ex-event-bus: ${message}`, ...rest(fields)),
  error: (message, fields) => console.error(`ex-event-bus: ${message}`, ...rest(fields)),
};

/** The fields of a line. Errors become stacks, because the console would print all of their properties. */
function rest(fields: Readonly<Record<string, unknown>> = {}): readonly unknown[] {
  const values = Object.entries(fields);
  const others = values.filter(([, value]) => !isError(value));
  const errors = values.flatMap(([name, value]) =>
    isError(value) ? [`\n${name}: ${stackText(value)}`] : [],
  );
  return [...(others.length === 0 ? [] : [Object.fromEntries(others)]), ...errors];
}
