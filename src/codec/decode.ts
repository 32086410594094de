import { EventBusError } from "../errors.js";
import { Decimal } from "./decimal.js";
import { isTypeTag, type TypeHint, type TypeTag } from "./type-hint.js";

/**
 * Brings back the value that {@link encode} turned into `json` and `hint`. Without a hint the JSON is
 * returned as it is; strings are never guessed at. Changes `json` in place.
 *
 * @throws EventBusError `VALUE_NOT_READABLE`, with the path, when the JSON does not have the hinted form.
 */
export function decode(json: unknown, hint: TypeHint | undefined | null, path: string): unknown {
  if (hint === undefined || hint === null || json === null) return json;
  if (isTypeTag(hint))
    return Array.isArray(json) ? json.map((item) => decode(item, hint, path)) : read(json, hint, path);
  if (Array.isArray(json)) {
    return json.map((item, index) =>
      decode(item, Array.isArray(hint) ? hint[0] : hintAt(hint, String(index)), `${path}[${index}]`),
    );
  }
  if (typeof json === "object" && typeof hint === "object" && !Array.isArray(hint)) {
    const record = json as Record<string, unknown>;
    for (const key of Object.keys(hint)) {
      if (!Object.hasOwn(record, key)) continue;
      const value = decode(record[key], hintAt(hint, key), `${path}.${key}`);
      Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return record;
  }
  throw notReadable(path, json, JSON.stringify(hint));
}

function hintAt(hint: TypeHint, key: string): TypeHint | undefined {
  return typeof hint === "object" && Object.hasOwn(hint, key)
    ? (hint as Record<string, TypeHint>)[key]
    : undefined;
}

function read(json: unknown, tag: TypeTag, path: string): unknown {
  if (typeof json === "number" && tag !== "bytes") return readText(String(json), json, tag, path);
  if (typeof json !== "string") throw notReadable(path, json, tag);
  return readText(json, json, tag, path);
}

function readText(text: string, json: unknown, tag: TypeTag, path: string): unknown {
  switch (tag) {
    case "bigint":
      if (!/^-?\d+$/.test(text)) throw notReadable(path, json, tag);
      return BigInt(text);
    case "decimal":
      try {
        return new Decimal(text);
      } catch {
        throw notReadable(path, json, tag);
      }
    case "datetime": {
      // A number is milliseconds, as a program that publishes by SQL may send them.
      const date = new Date(typeof json === "number" ? json : text);
      if (Number.isNaN(date.getTime())) throw notReadable(path, json, tag);
      return date;
    }
    case "bytes":
      return new Uint8Array(Buffer.from(text, "base64"));
    case "float":
      return Number(text);
  }
}

function notReadable(path: string, json: unknown, hint: string): EventBusError {
  return new EventBusError(
    "VALUE_NOT_READABLE",
    `${path} is ${JSON.stringify(json)}, but its type hint says ${hint}. Correct the publisher's type hints.`,
    { path, value: json },
  );
}
