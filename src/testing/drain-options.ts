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

/** What `drain` is given. */
export interface DrainOptions {
  /** A Prisma client or the client of its transaction; handlers receive it as `ctx.prisma`. */
  readonly prisma?: PrismaQueryable | undefined;
  /** What statements are run on: anything with a connection, a `pg` client or pool too. Defaults to `prisma`. */
  readonly client?: Queryable | undefined;
  /** The subscribers whose deliveries are made. */
  readonly subscribers: readonly Subscriber[];
  /** Only this one of them; the subscriber, or its name. Defaults to all. */
  readonly subscriber?: Subscriber | string | undefined;
  /** Only deliveries of this event; the event type, or its name. Defaults to all events. */
  readonly event?: AnyEventType | string | undefined;
  /** Whether deliveries of events that handlers publish meanwhile are made too. Defaults to true. */
  readonly cascade?: boolean | undefined;
  /**
   * Makes the deliveries that are due at this time, waits and delays included; also those that fail meanwhile, as
   * often as their next attempt is due by then. Defaults to now, by the clock of the database, each delivery once.
   */
  readonly at?: Date | undefined;
  /** `"throw"`: what the first handler throws is thrown on, after it was recorded. Defaults to `"collect"`. */
  readonly onError?: "collect" | "throw" | undefined;
  /**
   * What goes wrong meanwhile: `deliverTwice`, `deliverConcurrently`, `crashAfterHandler`, `reorder`, `failFirst(n)`, or
   * several of them. Defaults to nothing.
   */
  readonly faults?: readonly Fault[] | undefined;
  /** Called after a delivery was recorded as dead, as that of the configuration. Defaults to nothing. */
  readonly onDead?: OnDead | undefined;
  /** Gets the lines that handlers write. Defaults to nothing. */
  readonly log?: Logger | undefined;
  /** Where the package's tables are. Defaults to the schemas `event_bus` and `graphile_worker`. */
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
    throw invalidOption("prisma", prisma, "a Prisma client, or client to be given", PLACE);
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

/** An event that none of them handles has no deliveries: nothing would be made, and nothing be said. */
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
