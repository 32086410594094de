import type { Row } from "../../changes/diff.js";
import { isDecimal } from "../../codec/decimal.js";
import type { Model } from "../schema/model.js";

/** Orders rows of a model by their keys. */
export function compareKeys({ identity }: Model, a: Row, b: Row): number {
  for (const field of identity?.fields ?? []) {
    const order = compare(a[field], b[field]);
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: unknown, b: unknown): number {
  const [first, second] = [comparable(a), comparable(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

function comparable(value: unknown): number | bigint | string {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "string") return value;
  if (value instanceof Date) return value.getTime();
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  return typeof value === "object" && value !== null && isDecimal(value)
    ? Number(value.toFixed())
    : String(value);
}
