import { isDecimal } from "../codec/decimal.js";
import { isEventBusError } from "../errors.js";
import type { Json } from "./event.js";

/**
 * An event or a delivery as plain JSON, as commands print it with `--json`: for logs, HTTP answers and messages to other
 * programs. Moments are ISO texts, an invalid one null; bigints and decimals are texts with all of their digits; bytes are
 * base64; NaN and infinite numbers are texts. The `error` of an event that cannot be read has its code and message.
 * Undefined values are left out. The result does not tell the types of texts: `types` of the stored row does.
 *
 * @example
 * ```ts
 * const lines = (await events(prisma)).map((event) => JSON.stringify(toJson(event)));
 * ```
 */
export function toJson(value: object): { readonly [key: string]: Json } {
  return jsonOf(value) as { readonly [key: string]: Json };
}

/** The same for any value. */
export function jsonOf(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return value.toString();
    case "object":
      return value === null ? null : jsonOfObject(value);
    default:
      return null;
  }
}

function jsonOfObject(value: object): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (isDecimal(value)) return value.toFixed();
  if (isEventBusError(value)) return { code: value.code, message: value.message };
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, jsonOf(field)]));
}
