import type { Command } from "commander";
import pc from "picocolors";
import { jsonLogger } from "../log/json-log.js";
import { logReports } from "../log/log-reports.js";
import type { Logger } from "../log/logger.js";
import { prettyLogger, prettyReport } from "../log/pretty-log.js";
import type { Report } from "../log/telemetry.js";
import { defaultLogFormat } from "./log-format.js";

/** The options that all commands share. */
export interface CliOptions {
  readonly config?: string;
  readonly log?: "pretty" | "json";
  readonly verbose?: boolean;
}

/** A command's own options and the shared ones. */
export function optionsOf<Own extends object>(command: Command): Own & CliOptions {
  return command.optsWithGlobals<Own & CliOptions>();
}

/** Where a command that writes a log writes its lines and reports. */
export function outputOf(options: CliOptions): { readonly log: Logger; readonly report: Report } {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const debug = options.verbose === true;
  if ((options.log ?? defaultLogFormat()) === "json") {
    const log = jsonLogger(write, { debug });
    return { log, report: logReports(log) };
  }
  const pretty = { debug, colors: pc.isColorSupported };
  return { log: prettyLogger(write, pretty), report: prettyReport(write, pretty) };
}
