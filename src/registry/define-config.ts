import { EventBusError } from "../errors.js";
import {
  checkFunction,
  checkInteger,
  checkName,
  checkNested,
  checkOptions,
  type IntegerRange,
  invalidOption,
  isObject,
  type Place,
  type UnknownOptions,
  within,
} from "./check-options.js";
import { checkDatabaseNames, type DatabaseNames } from "./database-names.js";
import { isSubscriber } from "./define-subscriber.js";
import type { OnDead } from "./on-dead.js";
import { checkRetention, type Retention, type RetentionOptions } from "./retention.js";
import type { Subscriber } from "./subscriber.js";
import {
  isModule,
  type SubscribersModule,
  subscribersOfModule,
  valuesOfModule,
} from "./subscribers-of-module.js";

/** The database, and the schemas of the tables in it. */
export interface ConfigDatabase extends DatabaseNames {
  /** A PostgreSQL connection string. Defaults to the environment variable `DATABASE_URL`. */
  readonly url?: string | undefined;
  /** A connection string without a pooler, if `url` goes through one. Defaults to `url`. */
  readonly directUrl?: string | undefined;
  /**
   * Whether workers listen for notifications and keep prepared statements. If `false`, they poll every `worker.pollIntervalMs`,
   * as connections through a pooler in transaction mode require. By default, a starting worker finds out whether notifications
   * reach it.
   */
  readonly listen?: boolean | undefined;
}

/** Settings of a worker. */
export interface WorkerOptions {
  /** How many deliveries a process makes at once, 1 to 1000. Defaults to 10. */
  readonly concurrency?: number | undefined;
  /**
   * `"high"`: the worker takes jobs in advance, eight times `concurrency`. That is faster for short handlers. If a process
   * dies, the jobs that it had taken in advance wait until another worker takes over, too. Defaults to `"normal"`.
   */
  readonly throughput?: "normal" | "high" | undefined;
  /** How often to poll for deliveries without a notification, in milliseconds. Defaults to 1000. */
  readonly pollIntervalMs?: number | undefined;
  /** How long handlers may take to end after the worker was told to stop, in milliseconds. Defaults to 20000. */
  readonly shutdownTimeoutMs?: number | undefined;
  /** The interval between heartbeats, in milliseconds. Defaults to 3000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * The silence after which other workers take over a worker's deliveries, in milliseconds; at least twice `heartbeatMs`.
   * Defaults to 10000.
   */
  readonly deadAfterMs?: number | undefined;
}

/** Options of {@link defineConfig}. */
export interface ConfigOptions {
  /** The application's Prisma client; handlers receive it as `ctx.prisma`. */
  readonly prisma: object;
  /**
   * The subscribers, or a function that returns them or the module that exports them, called once when the configuration
   * is loaded.
   */
  readonly subscribers: readonly Subscriber[] | SubscribersLoader;
  /**
   * The name of this application among those that share the database, 1 to 100 characters. Defaults to
   * `"default"`.
   */
  readonly application?: string | undefined;
  readonly database?: ConfigDatabase | undefined;
  readonly worker?: WorkerOptions | undefined;
  /** How long events are kept after all their deliveries are done. Defaults to seven days. */
  readonly retention?: RetentionOptions | undefined;
  /** Called after a delivery was recorded as dead, but not guaranteed: see {@link OnDead}. */
  readonly onDead?: OnDead | undefined;
}

/** The result of a {@link SubscribersLoader}: subscribers, or a module that exports some, among other exports. */
export type LoadedSubscribers = readonly Subscriber[] | SubscribersModule;

/**
 * Loads the subscribers on demand, so that loading a configuration does not load every handler.
 *
 * @example
 * ```ts
 * export default defineConfig({ prisma, subscribers: () => import("./subscribers.js") });
 * ```
 */
export type SubscribersLoader = () => LoadedSubscribers | Promise<LoadedSubscribers>;

/**
 * A checked configuration with all defaults, except `database.url`, which depends on the environment.
 */
export interface EventBusConfig {
  readonly prisma: object;
  readonly subscribers: readonly Subscriber[] | SubscribersLoader;
  readonly application: string;
  readonly database: {
    readonly url: string | undefined;
    readonly directUrl: string | undefined;
    readonly listen: boolean | undefined;
    readonly schema: string;
    readonly workerSchema: string;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly throughput: "normal" | "high";
    readonly pollIntervalMs: number;
    readonly shutdownTimeoutMs: number;
    readonly heartbeatMs: number;
    readonly deadAfterMs: number;
  };
  readonly retention: Retention;
  readonly onDead: OnDead | undefined;
}

/**
 * The configuration of the worker and the command line tool: the default export of `ex-event-bus.config.ts`.
 * Reads no environment and opens no connection.
 *
 * @throws EventBusError `INVALID_OPTION` if an option is unknown or not valid, `DUPLICATE_NAME` if two
 * subscribers have the same name.
 *
 * @example
 * ```ts
 * export default defineConfig({ prisma, subscribers: [sendWelcome], worker: { concurrency: 20 } });
 * ```
 */
export function defineConfig(options: ConfigOptions): EventBusConfig {
  const given = checkOptions(options, CONFIG_OPTIONS, place);
  const { prisma, subscribers, application = "default" } = given;
  if (!isClient(prisma)) throw invalidOption("prisma", prisma, "a Prisma client", place);
  return Object.freeze({
    prisma,
    subscribers:
      typeof subscribers === "function" ? (subscribers as SubscribersLoader) : checkSubscribers(subscribers),
    application: checkName(application, "application", 100, place),
    database: checkDatabase(given["database"]),
    worker: checkWorker(given),
    retention: checkRetention(given["retention"], place),
    onDead: checkFunction(given, "onDead", place) as OnDead | undefined,
  });
}

/** The options of {@link defineConfig}. */
export const CONFIG_OPTIONS: readonly string[] = [
  ...["prisma", "subscribers", "application", "database", "worker", "retention", "onDead"],
];

const place: Place = { of: "defineConfig()" };

/**
 * The checked subscribers of a configuration, loaded if necessary.
 *
 * @throws EventBusError as {@link defineConfig} does for subscribers that it was given directly.
 */
export async function loadSubscribers(config: EventBusConfig): Promise<readonly Subscriber[]> {
  if (typeof config.subscribers !== "function") return config.subscribers;
  const loaded: unknown = await config.subscribers();
  if (Array.isArray(loaded)) return checkSubscribers(valuesOfModule(loaded), SUBSCRIBER_OF_LOADER);
  if (!isModule(loaded)) return checkSubscribers(loaded, SUBSCRIBER_OF_LOADER);
  const found = subscribersOfModule(loaded);
  // If the wrong module was loaded, events would have no handler.
  if (found.length === 0)
    throw invalidOption(
      "subscribers",
      loaded,
      "a module that exports subscribers, or an array of them",
      place,
    );
  return checkSubscribers(found, SUBSCRIBER_OF_LOADER);
}

const SUBSCRIBER = "a subscriber made by defineSubscriber";
const SUBSCRIBER_OF_LOADER = `${SUBSCRIBER}; of a module that exports other things too, return the module itself: subscribers: () => import("…")`;

function checkSubscribers(subscribers: unknown, expected = SUBSCRIBER): readonly Subscriber[] {
  if (!Array.isArray(subscribers))
    throw invalidOption("subscribers", subscribers, "an array of subscribers", place);
  const names = new Set<string>();
  for (const [index, subscriber] of subscribers.entries()) {
    const path = `subscribers[${index}]`;
    if (!isSubscriber(subscriber)) {
      throw invalidOption(path, subscriber, expected, place);
    }
    if (names.has(subscriber.name)) {
      const message = `two subscribers in ${place.of} are named "${subscriber.name}": expected each name once`;
      throw new EventBusError("DUPLICATE_NAME", message, { value: subscriber.name, path });
    }
    names.add(subscriber.name);
  }
  return Object.freeze([...subscribers]);
}

function checkDatabase(value: unknown): EventBusConfig["database"] {
  const names = checkDatabaseNames(value, ["url", "directUrl", "listen"], place);
  const given = isObject(value) ? value : {};
  const { listen } = given;
  if (listen !== undefined && typeof listen !== "boolean")
    throw invalidOption("listen", listen, "true, false or nothing", within(place, "database"));
  return Object.freeze({
    ...names,
    url: checkUrl(given, "url"),
    directUrl: checkUrl(given, "directUrl"),
    listen,
  });
}

function checkUrl(options: UnknownOptions, option: string): string | undefined {
  const value = options[option];
  if (value === undefined || (typeof value === "string" && /^postgres(ql)?:\/\//.test(value))) return value;
  // The value is not shown: it may hold a password.
  const message = `database.${option} in ${place.of} is no connection string: expected "postgresql://…"`;
  throw new EventBusError("INVALID_OPTION", message, { path: `database.${option}` });
}

function checkWorker(options: UnknownOptions): EventBusConfig["worker"] {
  const known = [
    "concurrency",
    "throughput",
    "pollIntervalMs",
    "shutdownTimeoutMs",
    "heartbeatMs",
    "deadAfterMs",
  ];
  const ofWorker = within(place, "worker");
  const given = checkNested(options, "worker", known, place);
  const integer = (option: string, range: IntegerRange) => checkInteger(given, option, range, ofWorker);
  const milliseconds = (option: string, defaultsTo: number, min: number) =>
    integer(option, { min, max: 86_400_000, defaultsTo, of: "milliseconds" });
  const heartbeatMs = milliseconds("heartbeatMs", 3000, 100);
  const deadAfterMs = milliseconds("deadAfterMs", Math.max(10_000, 2 * heartbeatMs), 200);
  if (deadAfterMs < 2 * heartbeatMs) {
    const expected = `at least twice heartbeatMs (${heartbeatMs}), or one late heartbeat would be a death`;
    throw invalidOption("deadAfterMs", deadAfterMs, expected, ofWorker);
  }
  return Object.freeze({
    throughput: checkThroughput(given["throughput"], ofWorker),
    concurrency: integer("concurrency", { min: 1, max: 1000, defaultsTo: 10 }),
    pollIntervalMs: milliseconds("pollIntervalMs", 1000, 10),
    shutdownTimeoutMs: milliseconds("shutdownTimeoutMs", 20_000, 0),
    heartbeatMs,
    deadAfterMs,
  });
}

function checkThroughput(throughput: unknown, ofWorker: Place): "normal" | "high" {
  if (throughput === undefined || throughput === "normal" || throughput === "high")
    return throughput ?? "normal";
  throw invalidOption("throughput", throughput, '"normal" or "high"', ofWorker);
}

/** Whether a value may be a Prisma client, or a stand-in of a test, which can be a function. */
export function isClient(value: unknown): value is object {
  return isObject(value) || typeof value === "function";
}
