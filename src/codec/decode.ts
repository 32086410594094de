import { EventBusError } from "../errors.js";
import { Decimal } from "./decimal.js";
import { isTypeTag, type TypeHint, type TypeTag } from "./type-hint.js";

/**
 * Brings back the value that {@link encode} turned into `json` and `hint`. Without a hint the JSON is
 * returned as it is; strings are never guessed at. Leaves `json` as it is: a row is read again for another attempt.
 *
 * @throws EventBusError `VALUE_NOT_READABLE`, with the path, when the JSON does not have the hinted form.
 */
export function decode(json: unknown, hint: TypeHint | undefined | null, path: string): unknown {
  if (hint === undefined || hint === null || json === null) return json;
  if (isTypeTag(hint)) {
    return Array.isArray(json) ? json.map((item) => decode(item, hint, path)) : read(json, hint, path);
  }
  if (typeof hint !== "object") throw notReadable(path, json, JSON.stringify(hint));
  if (Array.isArray(json)) {
    return json.map((item, index) =>
      decode(item, Array.isArray(hint) ? hint[0] : hintAt(hint, String(index)), `${path}[${index}]`),
    );
  }
  if (typeof json === "object" && !Array.isArray(hint)) {
    const record: Record<string, unknown> = { ...json };
    for (const key of Object.keys(hint)) {
      if (!Object.hasOwn(record, key)) continue;
      const value = decode(record[key], hintAt(hint, key), `${path}.${key}`);
      Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return record;
  }
  throw notReadable(path, json, JSON.stringify(hint));
}

function hintAt(hint: object, key: string): TypeHint | undefined {
  return Object.hasOwn(hint, key) ? (hint as Record<string, TypeHint>)[key] : undefined;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const ISO_DATE =
  /^([+-]\d{6}|\d{4})-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** The forms are strict: what a reader would have to guess at is refused. */
function read(json: unknown, tag: TypeTag, path: string): unknown {
  const value = isScalar(json) ? READERS[tag](json) : undefined;
  if (value === undefined) throw notReadable(path, json, tag);
  return value;
}

const READERS: Readonly<Record<TypeTag, (json: string | number) => unknown>> = {
  bigint(json) {
    // A larger number was rounded when the JSON was parsed.
    if (typeof json === "number") return Number.isSafeInteger(json) ? BigInt(json) : undefined;
    return /^-?\d+$/.test(json) ? BigInt(json) : undefined;
  },
  decimal(json) {
    // More digits than a float keeps were rounded when the JSON was parsed.
    if (typeof json === "number" && !/^-?0*\.?0*\d{0,15}(?:e.*)?$/.test(String(json).replace(".", "")))
      return undefined;
    try {
      return new Decimal(json);
    } catch {
      return undefined;
    }
  },
  datetime(json) {
    // PostgreSQL has them, and no Date can hold them.
    if (json === "infinity" || json === "-infinity") return json;
    const date = new Date(typeof json === "number" ? json : inUtc(json));
    return Number.isNaN(date.getTime()) ? undefined : date;
  },
  bytes(json) {
    return typeof json === "string" && BASE64.test(json)
      ? new Uint8Array(Buffer.from(json, "base64"))
      : undefined;
  },
  float(json) {
    if (typeof json === "number") return json;
    return json === "NaN" || (json.trim() !== "" && !Number.isNaN(Number(json))) ? Number(json) : undefined;
  },
};

/** ISO 8601 as JavaScript reads it; without an offset it is UTC, as PostgreSQL's `to_jsonb(timestamp)` means it. */
function inUtc(text: string): string {
  const match = ISO_DATE.exec(text);
  if (match === null) return "";
  const normal = text
    .replace(" ", "T")
    .replace(/([+-]\d\d)(\d\d)?$/, (offset, hours, minutes) =>
      match[2] === undefined || offset.includes(":") ? offset : `${hours}:${minutes ?? "00"}`,
    );
  return match[2] === undefined && normal.includes("T") ? `${normal}Z` : normal;
}

function isScalar(json: unknown): json is string | number {
  return typeof json === "string" || typeof json === "number";
}

function notReadable(path: string, json: unknown, hint: string): EventBusError {
  return new EventBusError(
    "VALUE_NOT_READABLE",
    `${path} is ${JSON.stringify(json)}, but its type hint says ${hint}. Correct the publisher's type hints.`,
    { path, value: json },
  );
}
