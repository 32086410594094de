import { DELIVERY_STATES } from "../outbox/delivery-state.js";
import {
  checkFlag,
  checkInteger,
  invalidOption,
  type Place,
  type UnknownOptions,
  within,
} from "../registry/check-options.js";
import { keyAsText, OPERATIONS } from "../registry/draft-event.js";

const TIMES = ["since", "until"];
/** Conditions that are a number, with their minimum. */
const NUMBERS = { limit: 0, after: 0, position: 0 };
/** Conditions that are a text. */
const TEXTS = ["aggregateType", "correlationId", "error"];
/** Conditions that are a text or a list of them. */
const TEXT_LISTS = ["subscriber", "event"];
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  state: DELIVERY_STATES,
  operation: OPERATIONS,
};

/** @throws EventBusError `INVALID_OPTION` for an impossible value. Otherwise nothing would be found, without a reason given. */
export function checkFilter(filter: object, place: Place): void {
  const given = filter as UnknownOptions;
  const ofFilter = within(place, "filter");
  for (const option of TIMES) {
    const time = given[option];
    if (time !== undefined && !(time instanceof Date && isStorable(time)))
      throw invalidOption(option, time, "a valid Date of the years 1 to 9999", ofFilter);
  }
  for (const [option, min] of Object.entries(NUMBERS))
    checkInteger(given, option, { min, max: Number.MAX_SAFE_INTEGER, defaultsTo: min }, ofFilter);
  for (const option of TEXTS) {
    const value = given[option];
    if (value !== undefined && typeof value !== "string")
      throw invalidOption(option, value, "a text", ofFilter);
  }
  const key = given["aggregateKey"];
  if (key !== undefined && keyAsText(key, ofFilter) === null)
    throw invalidOption("aggregateKey", key, "a key", ofFilter);
  for (const option of TEXT_LISTS) {
    const value = given[option];
    if (!listOf(value).every((one) => typeof one === "string"))
      throw invalidOption(option, value, "a text or an array of texts", ofFilter);
  }
  checkFlag(given, "last", ofFilter);
  for (const [option, choices] of Object.entries(CHOICES)) {
    for (const value of listOf(given[option])) {
      if (choices.includes(value as string)) continue;
      const expected = `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`;
      throw invalidOption(option, value, expected, ofFilter);
    }
  }
  for (const id of listOf(given["eventId"])) {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(String(id)))
      throw invalidOption("eventId", id, "the id of an event, a UUID", ofFilter);
  }
}

/** PostgreSQL can read the text of a `Date` only if its year has four digits and is not 0. */
function isStorable(time: Date): boolean {
  return !Number.isNaN(time.getTime()) && /^(?!0000)\d{4}-/.test(time.toISOString());
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value].flat();
}
