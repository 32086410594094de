import type { Logger } from "./logger.js";

/** What a worker inside of another program writes by itself: warnings and errors, on the standard error output. */
export const consoleLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => console.error(`ex-event-bus: ${message}`, fields ?? ""),
  error: (message, fields) => console.error(`ex-event-bus: ${message}`, fields ?? ""),
};
