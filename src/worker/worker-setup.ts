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

/** The fields of the configuration, or what `defineConfig` made of them, and where reports go. */
export interface RunOptions extends ConfigOptions {
  /** Where the worker writes. Defaults to warnings and errors on the standard error output. */
  readonly log?: Logger | undefined;
  /** Receives everything that the worker reports. Defaults to the lines that `log` gets. */
  readonly report?: Report | undefined;
}

/** What a worker is given. */
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

/** Everything that a worker needs, checked. */
export interface WorkerSetup {
  readonly config: EventBusConfig;
  readonly subscribers: readonly Subscriber[];
  /** The ids of the policies of these subscribers; none before they are registered. */
  readonly policies: readonly number[];
  readonly names: SchemaNames;
  readonly url: string;
  readonly log: Logger;
  readonly report: Report;
  readonly host: string;
  /** How many deliveries it makes, counted from its reports. */
  readonly activity: Activity;
  /** Its state for health checks, from its reports and heartbeats. */
  readonly health: HealthState;
}

/**
 * The options of `runWorker` and the like, of which no name is unknown.
 *
 * @param own what this function has beside the configuration.
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

/** Before graphile-worker refuses an empty list of tasks, in its own words. */
export function assertSubscribers(subscribers: readonly Subscriber[]): void {
  if (subscribers.length > 0) return;
  throw new EventBusError(
    "INVALID_OPTION",
    "subscribers in defineConfig() is an empty array: expected at least one, a worker without any has nothing to do.",
    { path: "subscribers" },
  );
}

/** Without the extension, writes of handlers with `ctx.prisma` publish no events, and nothing else would say so. */
export function warnOfPlainClient({ config, log }: Pick<WorkerSetup, "config" | "log">): void {
  if (!("$transaction" in config.prisma) || "$publish" in config.prisma) return;
  log.warn(
    "The Prisma client of the configuration has no event bus: what handlers write is not captured. Give defineConfig() " +
      "the client that was extended with eventBus().",
  );
}
