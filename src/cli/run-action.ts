import type { Command } from "commander";

import { type CliOptions, optionsOf } from "./cli-options.js";
import { jsonFailure, prettyFailure } from "./failure-text.js";
import { failureFormat } from "./log-format.js";
import { flushed, reserveOutput } from "./standard-output.js";

/**
 * Wraps the action of a command. An error that it throws becomes one message and exit code 1. The process ends as soon as the
 * action does, because the application's own Prisma client may keep connections open.
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
      const isJson = failureFormat(command.name(), options.log) === "json";
      const verbose = options.verbose === true;
      process.stderr.write(`${isJson ? jsonFailure(error, verbose) : prettyFailure(error, verbose)}\n`);
      await flushed();
      process.exit(1);
    }
  };
}
