import { inspect } from "node:util";
import type { Command } from "commander";
import pc from "picocolors";

import { isEventBusError } from "../errors.js";
import { jsonLogger } from "../log/json-log.js";
import { isError, stackText } from "../log/plain-error.js";
import { type CliOptions, optionsOf } from "./cli-options.js";
import { flushed, reserveOutput } from "./standard-output.js";

/**
 * The action of a command: what it throws becomes one message and exit code 1. The process then ends at once, since
 * the application's own Prisma client may keep connections open that nobody needs any more.
 */
export function runAction<Own extends object>(
  action: (options: Own & CliOptions, args: readonly string[]) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options = optionsOf<Own>(command);
    // The application's code is loaded from here on.
    if ("json" in options || "sql" in options) reserveOutput();
    try {
      await action(options, command.args);
      await flushed();
      process.exit(process.exitCode ?? 0);
    } catch (error) {
      process.stderr.write(`${failureText(error, options)}\n`);
      await flushed();
      process.exit(1);
    }
  };
}

/** What ended the command: where lines are written as JSON this is one of them, so that who collects logs can read it. */
function failureText(error: unknown, { log, verbose = false }: CliOptions): string {
  if (log !== "json") return describeFailure(error, verbose);
  let text = "";
  const logger = jsonLogger((line) => {
    text = line;
  });
  logger.error(isError(error) ? error.message : inspect(error), { error });
  return text;
}

function describeFailure(error: unknown, verbose: boolean): string {
  const message = isError(error) ? error.message : inspect(error);
  const code = isEventBusError(error) ? ` ${pc.dim(`(${error.code})`)}` : "";
  const text = `${pc.red("error:")} ${message}${code}`;
  return verbose && isError(error) ? `${text}\n${stackText(error)}` : text;
}
