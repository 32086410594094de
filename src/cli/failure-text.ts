import { inspect } from "node:util";
import pc from "picocolors";

import { isEventBusError } from "../errors.js";
import { jsonLogger } from "../log/json-log.js";
import { isError, stackText } from "../log/plain-error.js";

/** The error that ended a command, as a text for people. */
export function prettyFailure(error: unknown, verbose: boolean): string {
  const message = isError(error) ? error.message : inspect(error);
  const code = isEventBusError(error) ? ` ${pc.dim(`(${error.code})`)}` : "";
  const text = `${pc.red("error:")} ${message}${code}`;
  return verbose && isError(error) ? `${text}\n${stackText(error)}` : text;
}

/** The error that ended a command, as a line of a JSON log. */
export function jsonFailure(error: unknown): string {
  let text = "";
  const logger = jsonLogger((line) => {
    text = line;
  });
  logger.error(isError(error) ? error.message : inspect(error), { error });
  return text;
}
