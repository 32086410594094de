import { EventBusError } from "../errors.js";
import { type Logger, SILENT } from "../log/logger.js";
import { isQueryable, type PrismaQueryable, type Queryable } from "../outbox/executor.js";
import { checkFunction, checkLogger, checkOptions, invalidOption } from "../registry/check-options.js";
import {
  checkDatabaseNames,
  type DatabaseNames,
  type ResolvedDatabaseNames,
} from "../registry/database-names.js";
import { isClient } from "../registry/define-config.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { AnyEventType } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import { didYouMean } from "../registry/nearest-name.js";
import type { OnDead } from "../registry/on-dead.js";
import type { Subscriber } from "../registry/subscriber.js";
import { checkSubscribers } from "./check-subscribers.js";
import { deliverConcurrently, type Fault, isFault } from "./faults.js";
import { isTransaction } from "./spare-transaction.js";

/** Options of `drain`. */
export interface DrainOptions {
  /** A Prisma client or the client of its transaction; handlers receive it as `ctx.prisma`. */
  readonly prisma?: PrismaQueryable | undefined;
  /** The client that runs the statements; may be a `pg` client or pool. Defaults to `prisma`. */
  readonly client?: Queryable | undefined;
  /** The subscribers whose deliveries are made. */
  readonly subscribers: readonly Subscriber[];
  /** Only deliveries to this one of the subscribers, given by itself or by name. Defaults to all. */
  readonly subscriber?: Subscriber | string | undefined;
  /** Only deliveries of this event, given as event type or name. Defaults to all events. */
  readonly event?: AnyEventType | string | undefined;
  /** Whether to make the deliveries of events that handlers publish meanwhile, too. Defaults to true. */
  readonly cascade?: boolean | undefined;
  /**
   * Makes the deliveries that are due by this time, as if waits and delays were over. Deliveries that fail are made again, as
   * long as their next attempt is due by then. Defaults to now, by the clock of the database, with one attempt at each
   * delivery.
   */
  readonly at?: Date | undefined;
  /** `"throw"`: the first error of a handler is thrown, after it was recorded. Defaults to `"collect"`. */
  readonly onError?: "collect" | "throw" | undefined;
  /**
   * Faults to simulate: any of `deliverTwice`, `deliverConcurrently`, `crashAfterHandler`, `reorder` and `failFirst(n)`.
   * Defaults to none.
   */
  readonly faults?: readonly Fault[] | undefined;
  /** Called after a delivery was recorded as dead, like `onDead` of the configuration. Defaults to none. */
  readonly onDead?: OnDead | undefined;
  /** Receives the log lines of handlers. Defaults to none. */
  readonly log?: Logger | undefined;
  /** The schemas of the tables. Defaults to `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
}

/** {@link DrainOptions}, checked. */
export interface DrainSettings {
  readonly prisma: PrismaQueryable | undefined;
  readonly client: Queryable;
  readonly names: ResolvedDatabaseNames;
  readonly subscribers: ReadonlyMap<string, Subscriber>;
  readonly event: string | undefined;
  readonly cascade: boolean;
  readonly at: Date | undefined;
  readonly throwErrors: boolean;
  readonly faults: readonly Fault[];
  readonly onDead: OnDead | undefined;
  readonly log: Logger;
}

const KNOWN = [
  "prisma",
  "client",
  "subscribers",
  "subscriber",
  "event",
  "cascade",
  "at",
  "onError",
  "faults",
  "onDead",
  "log",
  "database",
];
const PLACE = { of: "drain()" };

/** @throws EventBusError `INVALID_OPTION`. */
export function checkDrainOptions(options: DrainOptions): DrainSettings {
  const given = checkOptions(options, KNOWN, PLACE);
  const { prisma, client = prisma, at, cascade = true, onError = "collect", event, faults = [] } = options;
  if (client === undefined)
    throw invalidOption("prisma", prisma, "a Prisma client; or set the option client", PLACE);
  if (!isQueryable(client)) {
    const option = options.client === undefined ? "prisma" : "client";
    throw invalidOption(
      option,
      client,
      "a Prisma client, the client of its transaction, or a pg client or pool",
      PLACE,
    );
  }
  if (prisma !== undefined && !isClient(prisma))
    throw invalidOption("prisma", prisma, "a Prisma client", PLACE);
  if (typeof cascade !== "boolean") throw invalidOption("cascade", cascade, "true or false", PLACE);
  if (at !== undefined && !(at instanceof Date && !Number.isNaN(at.getTime()))) {
    throw invalidOption("at", at, "a valid Date", PLACE);
  }
  if (onError !== "collect" && onError !== "throw") {
    throw invalidOption("onError", onError, '"collect" or "throw"', PLACE);
  }
  if (!Array.isArray(faults) || !faults.every(isFault)) {
    throw invalidOption("faults", faults, "an array of faults, such as [deliverTwice, failFirst(2)]", PLACE);
  }
  if (isTransaction(prisma) && faults.includes(deliverConcurrently)) {
    const expected = "no deliverConcurrently with the client of a transaction, which has one connection";
    throw invalidOption("faults", faults, expected, PLACE);
  }
  const subscribers = chosen(options);
  return {
    prisma,
    client,
    names: checkDatabaseNames(options.database, [], PLACE),
    subscribers,
    event: checkEvent(event, subscribers),
    cascade,
    at,
    throwErrors: onError === "throw",
    faults,
    onDead: checkFunction(given, "onDead", PLACE) as OnDead | undefined,
    log: (checkLogger(given, "log", PLACE) as Logger | undefined) ?? SILENT,
  };
}

function chosen({ subscribers, subscriber }: DrainOptions): ReadonlyMap<string, Subscriber> {
  const byName = new Map(checkSubscribers(subscribers, PLACE).map((one) => [one.name, one]));
  if (subscriber === undefined) return byName;
  const name = isSubscriber(subscriber) ? subscriber.name : subscriber;
  if (typeof name !== "string") {
    throw invalidOption("subscriber", subscriber, "a subscriber, or the name of one", PLACE);
  }
  const only = byName.get(name);
  if (only !== undefined) return new Map([[name, only]]);
  const message = `subscriber in ${PLACE.of} is "${name}", which is not among subscribers${didYouMean(name, [...byName.keys()])}`;
  throw new EventBusError("INVALID_OPTION", message, { value: name, path: "subscriber" });
}

/** Refuses an event that no subscriber handles: nothing would be delivered, without a reason given. */
function checkEvent(event: unknown, subscribers: ReadonlyMap<string, Subscriber>): string | undefined {
  if (event === undefined) return undefined;
  const name = isEventType(event) ? event.name : event;
  if (typeof name !== "string")
    throw invalidOption("event", event, "an event type, or the name of one", PLACE);
  const handled = new Set([...subscribers.values()].flatMap(({ events }) => events.map((type) => type.name)));
  if (handled.has(name)) return name;
  const message = `event in ${PLACE.of} is "${name}", which none of the subscribers handles${didYouMean(name, [...handled])}`;
  throw new EventBusError("INVALID_OPTION", message, { value: name, path: "event" });
}
