import { EventBusError } from "../errors.js";
import { isDecimal } from "./decimal.js";
import type { TypeHint, TypeTag } from "./type-hint.js";

/** A value as JSON, and what that JSON stands for. */
export interface Encoded {
  readonly json: unknown;
  readonly hint?: TypeHint;
}

/** Deeper values are refused: Prisma's and PostgreSQL's JSON parsers have limits, and a cycle has no end. */
const MAX_DEPTH = 4_000;
/** From here on what is JSON as it is, is looked through without calls in calls: the stack has an end before that. */
const DEEP = 50;

/** What PostgreSQL refuses inside of jsonb: the NUL character and half of a surrogate pair. */
const NOT_TEXT = /[\0\p{Surrogate}]/u;

/**
 * Turns a value into readable JSON and the hints that bring it back with its type.
 *
 * Takes null, booleans, numbers (NaN, infinities and -0 are kept, by a hint), strings, bigints, `Date`,
 * `Uint8Array`, decimals, lists and plain objects of these. `undefined` is left out of objects, as in JSON.
 * JSON parts without hints are returned as they are, not copied.
 *
 * @param path where the value stands, for the message: `aggregate`, `changes`, …
 * @param like an object that was encoded already: what `value` shares with it is not encoded again.
 * @throws EventBusError `VALUE_NOT_STORABLE`, with the path, for everything else.
 */
export function encode(value: unknown, path: string, like?: Known): Encoded {
  const place = { parent: undefined, step: path };
  try {
    return encodeAt(value, place, 0, like);
  } catch (error) {
    // Deep down there is something that is no JSON.
    if (error instanceof RangeError) throw notStorable(place, TOO_DEEP);
    throw error;
  }
}

/** A plain object and what became of it. */
export interface Known {
  readonly value: Fields;
  readonly encoded: Encoded;
}

/** Where a value stands. Put together only for a message: nearly all values are good. */
interface Place {
  readonly parent: Place | undefined;
  readonly step: string;
}

function pathOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) steps.push(at.step);
  return steps.reverse().join("");
}

/** Whether a value is JSON as it is, and no object. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return !NOT_TEXT.test(value);
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "boolean":
      return true;
    default:
      return value === null;
  }
}

function encodeAt(value: unknown, place: Place, depth: number, like?: Known): Encoded {
  if (isPlain(value)) return { json: value };
  switch (typeof value) {
    case "string":
      throw notStorable(place, "a string with a NUL character or half of a surrogate pair");
    case "number":
      return tagged("float", Object.is(value, -0) ? "-0" : String(value));
    case "bigint":
      return tagged("bigint", value.toString());
    case "object":
      return encodeObject(value as object, place, depth, like);
    default:
      throw notStorable(place, value === undefined ? "undefined in a list" : `a ${typeof value}`);
  }
}

const TOO_DEEP = `more than ${MAX_DEPTH} levels, or an object that contains itself`;

/** Whether a value at {@link DEEP} levels is JSON as it is. */
function isJson(top: object, place: Place): boolean {
  const open: (readonly [value: object, depth: number])[] = [[top, DEEP]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (depth >= MAX_DEPTH) throw notStorable(place, TOO_DEEP);
    const isList = Array.isArray(value);
    if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return false;
    for (const key of isList ? value.keys() : Object.keys(value)) {
      const item = (value as Readonly<Record<string | number, unknown>>)[key];
      if (typeof key === "string" && NOT_TEXT.test(key)) return false;
      if (isPlain(item) || (!isList && item === undefined)) continue;
      if (typeof item !== "object" || item === null) return false;
      open.push([item, depth + 1]);
    }
  }
  return true;
}

function encodeObject(value: object, place: Place, depth: number, like: Known | undefined): Encoded {
  if (depth >= MAX_DEPTH) throw notStorable(place, TOO_DEEP);
  if (depth === DEEP && isJson(value, place)) return { json: value };
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw notStorable(place, "an invalid Date");
    return tagged("datetime", isoText(value));
  }
  if (Array.isArray(value)) return encodeList(value, place, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    if (ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]") {
      return tagged(
        "bytes",
        Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"),
      );
    }
    if (isDecimal(value)) return tagged("decimal", value.toFixed());
    // A plain object of another realm has that one's prototype.
    if (Object.getPrototypeOf(prototype) !== null)
      throw notStorable(place, `an object of class ${value.constructor?.name || "unknown"}`);
  }
  return encodeRecord(value as Fields, place, depth, like);
}

type Fields = Readonly<Record<string, unknown>>;

function encodeRecord(value: Fields, place: Place, depth: number, like: Known | undefined): Encoded {
  // Copied only when a value in it changes: most rows and all of Json columns go through untouched.
  let copy: Record<string, unknown> | undefined;
  let hints: Record<string, TypeHint> | undefined;
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined) continue;
    if (NOT_TEXT.test(key))
      throw notStorable(stepTo(place, key), "a key with a NUL character or half of a surrogate pair");
    if (isPlain(item)) continue;
    const encoded = encodedLike(like, key, item) ?? encodeAt(item, stepTo(place, key), depth + 1);
    if (encoded.json !== item) {
      copy ??= { ...value };
      define(copy, key, encoded.json);
    }
    if (encoded.hint !== undefined) {
      hints ??= {};
      define(hints, key, encoded.hint);
    }
  }
  return hints === undefined ? { json: copy ?? value } : { json: copy ?? value, hint: hints };
}

function stepTo(parent: Place, key: string): Place {
  return { parent, step: `.${key}` };
}

/** What became of the same value under the same key. */
function encodedLike(like: Known | undefined, key: string, item: unknown): Encoded | undefined {
  if (like === undefined || like.value[key] !== item || !Object.hasOwn(like.value, key)) return undefined;
  const { hint } = like.encoded;
  const json = (like.encoded.json as Fields)[key];
  return typeof hint === "object" && Object.hasOwn(hint, key)
    ? { json, hint: (hint as Readonly<Record<string, TypeHint>>)[key] as TypeHint }
    : { json };
}

function encodeList(value: readonly unknown[], place: Place, depth: number): Encoded {
  const items = Array.from(value, (item, index) =>
    encodeAt(item, { parent: place, step: `[${index}]` }, depth + 1),
  );
  const json = items.map((item) => item.json);
  const hinted = items.filter((item) => item.hint !== undefined);
  const [first] = hinted;
  if (first?.hint === undefined) return { json };
  const common = JSON.stringify(first.hint);
  if (items.every((item) => item.json === null || JSON.stringify(item.hint) === common)) {
    return { json, hint: [first.hint] };
  }
  const byIndex = items.flatMap((item, index) =>
    item.hint === undefined ? [] : [[String(index), item.hint] as const],
  );
  return { json, hint: Object.fromEntries(byIndex) };
}

/** Assignment would call the setter of `__proto__` instead of making a key of that name. */
function define<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

function tagged(hint: TypeTag, json: string): Encoded {
  return { json, hint };
}

function notStorable(place: Place, found: string): EventBusError {
  const path = pathOf(place);
  return new EventBusError(
    "VALUE_NOT_STORABLE",
    `${path} holds ${found}, which an event cannot store. Expected null, boolean, number, string, bigint, Date, ` +
      "Uint8Array, Decimal, or lists and plain objects of these. Leave the value out or convert it.",
    { path },
  );
}

const DAY = 86_400_000;

const digits = (count: number, length: number) =>
  Array.from({ length: count }, (_, n) => String(n).padStart(length, "0"));
const TWO = digits(60, 2);
const THREE = digits(1000, 3);

/** The last day that was asked for, and its text: moments of one call are mostly of one day. */
let last = { day: Number.NaN, text: "" };

/** What `date.toISOString()` gives, in a fifth of its time: events hold up to three moments for each row. */
export function isoText(date: Date): string {
  const time = date.getTime();
  const day = Math.floor(time / DAY);
  if (day !== last.day) {
    const text = date.toISOString();
    last = { day, text: text.slice(0, text.indexOf("T") + 1) };
  }
  const rest = time - day * DAY;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${last.text}${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${THREE[rest % 1000]}Z`;
}

/** A single value as the text that keys of events have; undefined for what has none. */
export function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  return isDecimal(value) ? value.toFixed() : undefined;
}
