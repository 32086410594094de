import { inspect } from "node:util";
import type { Command } from "commander";
import pc from "picocolors";

import { isEventBusError } from "../errors.js";
import { isError, stackText } from "../log/plain-error.js";
import { type CliOptions, optionsOf } from "./cli-options.js";

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
    try {
      await action(options, command.args);
      await flushed();
      process.exit(process.exitCode ?? 0);
    } catch (error) {
      process.stderr.write(`${describeFailure(error, options.verbose === true)}\n`);
      await flushed();
      process.exit(1);
    }
  };
}

function describeFailure(error: unknown, verbose: boolean): string {
  const message = isError(error) ? error.message : inspect(error);
  const code = isEventBusError(error) ? ` ${pc.dim(`(${error.code})`)}` : "";
  const text = `${pc.red("error:")} ${message}${code}`;
  return verbose && isError(error) ? `${text}\n${stackText(error)}` : text;
}

/** Output into a pipe is written in the background; ending the process would cut it off. */
async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      stream.write("", () => resolve());
    });
  }
}
