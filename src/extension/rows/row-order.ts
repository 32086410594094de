import type { Row } from "../../changes/diff.js";
import { Decimal, isDecimal } from "../../codec/decimal.js";
import type { Model } from "../../models/model.js";

/** Compares rows by fields, as PostgreSQL sorts their columns; texts by their characters' codes. */
export function compareBy(model: Model, fields: readonly string[]): (a: Row, b: Row) => number {
  return (a, b) => {
    for (const field of fields) {
      const order = compare(rank(model, field, a[field]), rank(model, field, b[field]));
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Compares two rows of a model by its key. */
export function compareByKey(model: Model, a: Row, b: Row): number {
  return compareBy(model, model.identity?.fields ?? [])(a, b);
}

/** An enum's values have the order in which they are declared. */
function rank(model: Model, field: string, value: unknown): unknown {
  const names = model.scalars.get(field)?.enumNames;
  return names === undefined ? value : Array.from(names.values()).indexOf(String(value));
}

function compare(a: unknown, b: unknown): number {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return Buffer.compare(a as Uint8Array, b as Uint8Array);
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    if (isDecimal(a) && isDecimal(b)) return new Decimal(a.toFixed()).comparedTo(b.toFixed());
  }
  // Dates, numbers and bigints compare by their value.
  const [x, y] = [a, b] as [number, number];
  if (x < y) return -1;
  return x > y ? 1 : 0;
}
