import { EventBusError } from "../errors.js";
import { checkBackoff, longestDelayMs } from "./backoff.js";
import {
  checkInteger,
  checkName,
  checkNested,
  checkOptions,
  describe,
  invalidOption,
  isObject,
  type Place,
  type UnknownOptions,
  within,
} from "./check-options.js";
import { hasBrand } from "./draft-event.js";
import type { AnyEventType } from "./event-type.js";
import { isEventType } from "./is-event.js";
import type {
  History,
  IsolationLevel,
  Subscriber,
  SubscriberOptions,
  SubscriberPolicy,
} from "./subscriber.js";

/**
 * Defines a subscriber. It does nothing by itself: a worker whose configuration has it makes its deliveries.
 *
 * Each subscriber has its own delivery of each event, with its own retries. Deliveries are made at least
 * once.
 *
 * @throws EventBusError `INVALID_OPTION` if an option is unknown or not valid, `DUPLICATE_NAME` if an
 * event is named twice.
 *
 * @example
 * ```ts
 * export const sendWelcome = defineSubscriber({
 *   name: "send-welcome-email",
 *   events: [UserRegistered],
 *   async handle(event, ctx) {
 *     await mailer.send(event.aggregate.email, { idempotencyKey: ctx.idempotencyKey });
 *   },
 * });
 * ```
 */
export function defineSubscriber<
  const Name extends string,
  const Events extends readonly AnyEventType[],
  const Transactional extends boolean = false,
>(options: SubscriberOptions<Name, Events, Transactional>): Subscriber<Name, Events> {
  const given = checkOptions(options, subscriberOptions, placeOf(options));
  // graphile-worker's task identifiers have up to 128 characters, ours begin with "event_bus:".
  const name = checkName(given["name"], "name", 118, { of: "defineSubscriber()" });
  const place = placeOf(options);
  const { handle } = given;
  if (typeof handle !== "function") throw invalidOption("handle", handle, "a function", place);
  const subscriber = {
    name,
    events: checkEvents(given["events"], place),
    policy: checkPolicy(given, place),
    // Called as a method of the options, so that a handler can use `this`.
    handle: (event: unknown, ctx: unknown): unknown => Reflect.apply(handle, options, [event, ctx]),
  };
  Object.defineProperty(subscriber, subscriberBrand, { value: true });
  return Object.freeze(subscriber) as unknown as Subscriber<Name, Events>;
}

/** Three hours: after four, graphile-worker takes a job for abandoned and gives it to another worker. */
const LONGEST_TIMEOUT_MS = 10_800_000;

const subscriberOptions = [
  ...["name", "events", "handle", "retry", "timeoutMs", "priority", "delayMs"],
  ...["history", "transactional", "isolationLevel"],
];

/** Marks subscribers of every copy of the package. */
const subscriberBrand = Symbol.for("ex-event-bus.subscriber");

/** Whether a value is a subscriber, as `defineSubscriber` returns. */
export function isSubscriber(value: unknown): value is Subscriber {
  return hasBrand(value, subscriberBrand);
}

function placeOf(options: unknown): Place {
  const name = isObject(options) && typeof options["name"] === "string" ? describe(options["name"]) : "";
  return { of: `defineSubscriber(${name})` };
}

function checkPolicy(given: UnknownOptions, place: Place): SubscriberPolicy {
  const ofRetry = within(place, "retry");
  const retry = checkNested(given, "retry", ["maxAttempts", "backoff"], place);
  const milliseconds = (option: string, min: number, max: number, defaultsTo: number) =>
    checkInteger(given, option, { min, max, defaultsTo, of: "milliseconds" }, place);
  return Object.freeze({
    maxAttempts: checkInteger(retry, "maxAttempts", { min: 1, max: 10_000, defaultsTo: 20 }, ofRetry),
    backoff: checkBackoff(retry["backoff"], ofRetry),
    // After a longer time, graphile-worker would give the job to another worker while the handler runs.
    timeoutMs: milliseconds("timeoutMs", 1, LONGEST_TIMEOUT_MS, 60_000),
    // graphile-worker keeps priorities in a smallint.
    priority: checkInteger(given, "priority", { min: -32_768, max: 32_767, defaultsTo: 0 }, place),
    delayMs: milliseconds("delayMs", 0, longestDelayMs, 0),
    history: checkHistory(given["history"], place),
    ...checkTransactional(given, place),
  });
}

function checkHistory(history: unknown, place: Place): History {
  if (history === undefined || history === "full" || history === "failures") return history ?? "full";
  throw invalidOption("history", history, '"full" or "failures"', place);
}

const isolationLevels: readonly unknown[] = ["ReadCommitted", "RepeatableRead", "Serializable"];

function checkTransactional(
  given: UnknownOptions,
  place: Place,
): Pick<SubscriberPolicy, "transactional" | "isolationLevel"> {
  const { transactional = false, isolationLevel } = given;
  if (typeof transactional !== "boolean")
    throw invalidOption("transactional", transactional, "true or false", place);
  if (isolationLevel === undefined) return { transactional, isolationLevel };
  if (!isolationLevels.includes(isolationLevel)) {
    const expected = `one of ${isolationLevels.map((level) => JSON.stringify(level)).join(", ")}`;
    throw invalidOption("isolationLevel", isolationLevel, expected, place);
  }
  if (!transactional)
    throw invalidOption("isolationLevel", isolationLevel, "transactional: true beside it", place);
  return { transactional, isolationLevel: isolationLevel as IsolationLevel };
}

function checkEvents(events: unknown, place: Place): readonly AnyEventType[] {
  if (!Array.isArray(events) || events.length === 0) {
    throw invalidOption("events", events, "an array of at least one event type", place);
  }
  const names = new Set<string>();
  for (const [index, event] of events.entries()) {
    const path = `events[${index}]`;
    if (!isEventType(event)) throw invalidOption(path, event, "an event type made by defineEvent", place);
    if (names.has(event.name)) {
      const message = `events in ${place.of} name "${event.name}" twice: expected each event once`;
      throw new EventBusError("DUPLICATE_NAME", message, { value: event.name, path });
    }
    names.add(event.name);
  }
  return Object.freeze([...events]);
}
