import { inspect } from "node:util";
import pc from "picocolors";

import { isEventBusError } from "../errors.js";
import { jsonLogger } from "../log/json-log.js";
import { isError, type PlainError, plainError, stackText } from "../log/plain-error.js";

/** The error that ended a command, as a text for people. */
export function prettyFailure(error: unknown, verbose: boolean): string {
  const message = isError(error) ? error.message : inspect(error);
  const code = isEventBusError(error) ? ` ${pc.dim(`(${error.code})`)}` : "";
  const text = `${pc.red("error:")} ${message}${code}`;
  return verbose && isError(error) ? `${text}\n${stackText(error)}` : text;
}

/**
 * The error that ended a command, as a line of a JSON log. The message of an `EventBusError` says what to do; its stack, which
 * shows the steps of the command, is written with `verbose` only. Errors of the application keep their stacks.
 */
export function jsonFailure(error: unknown, verbose: boolean): string {
  let text = "";
  const logger = jsonLogger((line) => {
    text = line;
  });
  logger.error(isError(error) ? error.message : inspect(error), {
    error: verbose || !isEventBusError(error) ? error : withoutOwnStack(plainError(error)),
  });
  return text;
}

function withoutOwnStack(error: PlainError): PlainError {
  const { stack, cause, ...rest } = error;
  return {
    ...rest,
    ...(error.name === "EventBusError" || stack === undefined ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: typeof cause === "string" ? cause : withoutOwnStack(cause) }),
  };
}
