import { hostname } from "node:os";
import { checkTransactional } from "../delivery/transactional-client.js";
import { EventBusError } from "../errors.js";
import { consoleLogger } from "../log/console-logger.js";
import { hub } from "../log/hub.js";
import { logReports } from "../log/log-reports.js";
import type { Logger } from "../log/logger.js";
import { type Report, reportTo } from "../log/telemetry.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { checkFunction, checkLogger, checkOptions, type UnknownOptions } from "../registry/check-options.js";
import {
  CONFIG_OPTIONS,
  type ConfigOptions,
  defineConfig,
  type EventBusConfig,
  loadSubscribers,
} from "../registry/define-config.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Activity, countActivity } from "./activity.js";
import { databaseUrl } from "./database-url.js";
import { followHealth, type HealthState } from "./health-state.js";

/** The fields of the configuration, checked by `defineConfig` or not, and the receivers of reports. */
export interface RunOptions extends ConfigOptions {
  /** The logger of the worker. Defaults to warnings and errors on the standard error output. */
  readonly log?: Logger | undefined;
  /** Receives all reports of the worker. Defaults to log lines for `log`. */
  readonly report?: Report | undefined;
}

/** Options of a worker. */
export interface RunWorkerOptions extends RunOptions {
  /**
   * A port on which `GET /live` and `GET /ready` answer with JSON, and with 200 or 503, 1 to 65535, or 0 for any free
   * one. Defaults to none.
   */
  readonly healthPort?: number | undefined;
  /**
   * The name or address of the network interface on which `healthPort` is open: `"0.0.0.0"` or `"::"` for all, which a
   * probe from another machine needs. Defaults to `"127.0.0.1"`, this machine alone.
   */
  readonly healthHost?: string | undefined;
}

/** The checked setup of a worker. */
export interface WorkerSetup {
  readonly config: EventBusConfig;
  readonly subscribers: readonly Subscriber[];
  /** The ids of the policies of these subscribers; empty before they are registered. */
  readonly policies: readonly number[];
  readonly names: SchemaNames;
  readonly url: string;
  readonly log: Logger;
  readonly report: Report;
  readonly host: string;
  /** Its activity, counted from its reports. */
  readonly activity: Activity;
  /** Its state for health checks, from its reports and heartbeats. */
  readonly health: HealthState;
}

/**
 * The options of `runWorker` and similar functions, without unknown names.
 *
 * @param own the options of this function beside the configuration.
 * @throws EventBusError `INVALID_OPTION`.
 */
export function checkRunOptions(options: unknown, own: readonly string[], of: string): UnknownOptions {
  const given = checkOptions(options, [...CONFIG_OPTIONS, "log", "report", ...own], { of });
  checkLogger(given, "log", { of });
  checkFunction(given, "report", { of });
  return given;
}

/**
 * Checks everything else that can be checked without a connection.
 *
 * @throws EventBusError `INVALID_OPTION`, `DUPLICATE_NAME`.
 */
export async function prepareWorker(options: RunOptions): Promise<WorkerSetup> {
  const { log = consoleLogger, report = logReports(log), ...rest } = options;
  const config = defineConfig(rest);
  const subscribers = await loadSubscribers(config);
  checkTransactional(config.prisma, subscribers, "defineConfig()");
  const activity = countActivity();
  const health = followHealth(config.worker.deadAfterMs);
  return {
    config,
    subscribers,
    policies: [],
    names: { schema: config.database.schema, workerSchema: config.database.workerSchema },
    url: databaseUrl(config),
    log,
    report: reportTo(report, hub.report, activity.report, health.report),
    activity,
    health,
    host: hostname(),
  };
}

/** Refuses a configuration without subscribers, before graphile-worker refuses its empty list of tasks. */
export function assertSubscribers(subscribers: readonly Subscriber[]): void {
  if (subscribers.length > 0) return;
  throw new EventBusError(
    "INVALID_OPTION",
    "subscribers in defineConfig() is an empty array: expected at least one, because a worker without subscribers has nothing to do.",
    { path: "subscribers" },
  );
}

/** Warns if the client is not extended: writes of handlers through `ctx.prisma` then publish no events. */
export function warnOfPlainClient({ config, log }: Pick<WorkerSetup, "config" | "log">): void {
  if (!("$transaction" in config.prisma) || "$publish" in config.prisma) return;
  log.warn(
    "The Prisma client of the configuration has no event bus: writes of handlers are not captured. Pass defineConfig() " +
      "the client that was extended with eventBus().",
  );
}
