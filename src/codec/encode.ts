import { EventBusError } from "../errors.js";
import { isDecimal } from "./decimal.js";
import type { TypeHint, TypeTag } from "./type-hint.js";

/** A value as JSON, and what that JSON stands for. */
export interface Encoded {
  readonly json: unknown;
  readonly hint?: TypeHint;
}

/** Deeper values are refused: PostgreSQL's JSON parser has a limit, and a cycle has no end. */
const MAX_DEPTH = 500;

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
 * @throws EventBusError `VALUE_NOT_STORABLE`, with the path, for everything else.
 */
export function encode(value: unknown, path: string): Encoded {
  return encodeAt(value, path, 0);
}

function encodeAt(value: unknown, path: string, depth: number): Encoded {
  switch (typeof value) {
    case "string":
      if (NOT_TEXT.test(value))
        throw notStorable(path, "a string with a NUL character or half of a surrogate pair");
      return { json: value };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? { json: value }
        : tagged("float", Object.is(value, -0) ? "-0" : String(value));
    case "boolean":
      return { json: value };
    case "bigint":
      return tagged("bigint", value.toString());
    case "object":
      return value === null ? { json: null } : encodeObject(value, path, depth);
    default:
      throw notStorable(path, value === undefined ? "undefined in a list" : `a ${typeof value}`);
  }
}

function encodeObject(value: object, path: string, depth: number): Encoded {
  if (depth >= MAX_DEPTH)
    throw notStorable(path, `more than ${MAX_DEPTH} levels, or an object that contains itself`);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw notStorable(path, "an invalid Date");
    return tagged("datetime", value.toISOString());
  }
  if (Object.prototype.toString.call(value) === "[object Uint8Array]" && ArrayBuffer.isView(value)) {
    return tagged("bytes", Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64"));
  }
  if (Array.isArray(value)) return encodeList(value, path, depth);
  if (isDecimal(value)) return tagged("decimal", value.toFixed());
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notStorable(path, `an object of class ${value.constructor?.name || "unknown"}`);
  }
  return encodeRecord(value, path, depth);
}

function encodeRecord(value: object, path: string, depth: number): Encoded {
  // Copied only when a value in it changes: most rows and all of Json columns go through untouched.
  let copy: Record<string, unknown> | undefined;
  let hints: Record<string, TypeHint> | undefined;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    if (NOT_TEXT.test(key))
      throw notStorable(`${path}.${key}`, "a key with a NUL character or half of a surrogate pair");
    const encoded = encodeAt(item, `${path}.${key}`, depth + 1);
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

function encodeList(value: readonly unknown[], path: string, depth: number): Encoded {
  const items = Array.from(value, (item, index) => encodeAt(item, `${path}[${index}]`, depth + 1));
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

function notStorable(path: string, found: string): EventBusError {
  return new EventBusError(
    "VALUE_NOT_STORABLE",
    `${path} holds ${found}, which an event cannot store. Expected null, boolean, number, string, bigint, Date, ` +
      "Uint8Array, Decimal, or lists and plain objects of these. Leave the value out or convert it.",
    { path },
  );
}
