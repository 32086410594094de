import { checkNested, checkNumber, invalidOption, isObject, type Place, within } from "./check-options.js";

/** How long an event is kept: milliseconds, or `"7 days"`, `"12 hours"`, `"30 minutes"`; false: forever. */
export type KeepFor = number | `${number} ${"minute" | "hour" | "day"}${"" | "s"}` | false;

/** How long events are kept. An event is kept longer while it has an open or dead delivery. */
export interface RetentionOptions {
  /** The retention of events that `events` does not name. Defaults to `"7 days"`. */
  readonly default?: KeepFor | undefined;
  /** The retention of single events, by name. */
  readonly events?: Readonly<Record<string, KeepFor>> | undefined;
  /** How often workers prune, in milliseconds. Defaults to 60000. */
  readonly intervalMs?: number | undefined;
}

/** {@link RetentionOptions} with all defaults: milliseconds, or false for forever. */
export interface Retention {
  readonly default: number | false;
  readonly events: Readonly<Record<string, number | false>>;
  readonly intervalMs: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** A hundred years. */
const LONGEST_MS = 3_155_760_000_000;
const EXPECTED =
  'milliseconds from 0, a text as "7 days", "12 hours" or "30 minutes", or false to keep for ever';

/** @throws EventBusError `INVALID_OPTION`. */
export function checkRetention(value: unknown, place: Place): Retention {
  const ofRetention = within(place, "retention");
  const given = checkNested({ retention: value }, "retention", ["default", "events", "intervalMs"], place);
  const { default: kept = "7 days", events = {} } = given;
  if (!isObject(events)) throw invalidOption("events", events, "an object of ages by event", ofRetention);
  const ofEvents = within(ofRetention, "events");
  const interval = { min: 100, max: 86_400_000, defaultsTo: 60_000, of: "milliseconds" };
  return Object.freeze({
    default: checkAge(kept, "default", ofRetention),
    events: Object.freeze(
      Object.fromEntries(Object.entries(events).map(([name, age]) => [name, checkAge(age, name, ofEvents)])),
    ),
    intervalMs: checkNumber(given, "intervalMs", interval, ofRetention),
  });
}

function checkAge(value: unknown, option: string, place: Place): number | false {
  if (value === false) return false;
  const ms = typeof value === "string" ? inMs(value) : value;
  if (typeof ms === "number" && ms >= 0 && ms <= LONGEST_MS) return ms;
  throw invalidOption(option, value, EXPECTED, place);
}

function inMs(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?) (minute|hour|day)s?$/.exec(text) ?? [];
  return count === undefined || unit === undefined
    ? undefined
    : Number(count) * (UNIT_MS[unit] ?? Number.NaN);
}

/** The longer of two retentions. */
export function longer(one: number | false, other: number | false): number | false {
  return one === false || other === false ? false : Math.max(one, other);
}

/** The retention of events of a name. */
export function keptFor(retention: Pick<Retention, "default" | "events">, event: string): number | false {
  return (Object.hasOwn(retention.events, event) ? retention.events[event] : undefined) ?? retention.default;
}
