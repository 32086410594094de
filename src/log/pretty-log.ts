import { inspect } from "node:util";
import pc from "picocolors";

import { causesOf, errorLine } from "./error-line.js";
import type { WriteLine } from "./json-log.js";
import { logReports } from "./log-reports.js";
import type { Logger } from "./logger.js";
import { isError, plainError, stackText } from "./plain-error.js";
import type { Report, TelemetryMap } from "./telemetry.js";

export interface PrettyOptions {
  /** Whether to write debugging lines, and the stacks of errors after their lines. Defaults to false. */
  readonly debug?: boolean;
  readonly colors: boolean;
}

type Colors = ReturnType<typeof pc.createColors>;

/** A logger for people: time, a symbol for the level, message, fields. */
export function prettyLogger(write: WriteLine, options: PrettyOptions): Logger {
  const colors = pc.createColors(options.colors);
  const line =
    (sign: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      write(
        withStacks(
          [time(colors), sign, message, colors.dim(describeFields(fields))].filter(Boolean).join(" "),
          Object.values(fields),
          options,
        ),
      );
  return {
    debug: options.debug === true ? line(colors.dim("·")) : () => undefined,
    info: line(colors.blue("i")),
    warn: line(colors.yellow("!")),
    error: line(colors.red("✗")),
  };
}

/** Reports for people: one line for each delivery; the logger writes all other reports. */
export function prettyReport(write: WriteLine, options: PrettyOptions): Report {
  const colors = pc.createColors(options.colors);
  const others = logReports(prettyLogger(write, options));
  return (event) => {
    if (event.type !== "deliver:stop") return others(event);
    if ((event.outcome === "stale" || event.outcome === "paused") && options.debug !== true) return;
    write(withStacks(deliveryLine(event, colors), [event.error], options));
  };
}

function deliveryLine(delivery: TelemetryMap["deliver:stop"], colors: Colors): string {
  const { outcome, subscriber, eventName, durationMs, attempt, maxAttempts, dueMs } = delivery;
  const sign = {
    delivered: colors.green("✓"),
    retrying: colors.yellow("✗"),
    dead: colors.red("✗"),
    snoozed: colors.blue("↻"),
    paused: colors.dim("‖"),
    cancelled: colors.dim("−"),
    stale: colors.dim("·"),
  }[outcome];
  const parts = [
    time(colors),
    sign,
    colors.bold(subscriber),
    eventName,
    delivery.aggregateType,
    delivery.aggregateKey,
    colors.dim(`${Math.round(durationMs)} ms`),
    attempt > 1 || outcome === "retrying" || outcome === "dead" ? `attempt ${attempt}/${maxAttempts}` : "",
    outcome === "delivered" ? "" : outcome,
    dueMs === undefined ? "" : `(again in ${duration(dueMs)})`,
    "error" in delivery ? colors.red(oneLine(delivery.error)) : "",
  ];
  return parts.filter(Boolean).join(" ");
}

/** A line; for debugging, followed by the stacks of the errors among `values` and of their causes. */
function withStacks(line: string, values: readonly unknown[], options: PrettyOptions): string {
  if (options.debug !== true) return line;
  const { dim } = pc.createColors(options.colors);
  const stacks = values.filter(isError).map((error) => dim(stackText(error).replace(/^/gm, "    ")));
  return [line, ...stacks].join("\n");
}

function time(colors: Colors): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return colors.dim(`${clock}.${String(now.getMilliseconds()).padStart(3, "0")}`);
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${isError(value) ? oneLine(value) : format(value)}`)
    .join(" ");
}

function format(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { breakLength: Infinity, depth: 3 });
}

/** A thrown value in one line, with its first cause as listings of deliveries have it. */
function oneLine(thrown: unknown): string {
  const plain = plainError(thrown);
  const isAnObject = typeof thrown === "object" && thrown !== null;
  const text = isAnObject ? errorLine({ ...plain, causes: causesOf(plain) }) : plain.message;
  return text.replace(/\s*\n\s*/g, " ");
}

/** A duration for people: `800 ms`, `1.5 s`, `4 min`, `2 h`. */
function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 360_000) / 10} h`;
}
