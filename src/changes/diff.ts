import { isDecimal } from "../codec/decimal.js";

/** A row by the names of its fields. */
export type Row = Readonly<Record<string, unknown>>;

/** What changed: the same fields twice. */
export interface Difference {
  /** New values. */
  readonly changes: Row;
  /** Old values. */
  readonly initialData: Row;
}

const NOTHING: Difference = { changes: {}, initialData: {} };

/** A new row: every field that has a value. There was nothing before. */
export function creation(row: Row): Difference {
  const changes: Record<string, unknown> = {};
  const initialData: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue;
    changes[name] = value;
    initialData[name] = null;
  }
  return { changes, initialData };
}

/** A row that went: nothing changed, it is just not there any more. */
export function deletion(): Difference {
  return NOTHING;
}

/**
 * A row before and after. Undefined when nothing changed, or nothing but fields that change with every write.
 *
 * @param touched fields such as `@updatedAt`, which alone make no difference.
 */
export function modification(before: Row, after: Row, touched: ReadonlySet<string>): Difference | undefined {
  const changes: Record<string, unknown> = {};
  const initialData: Record<string, unknown> = {};
  let differs = false;
  for (const [name, value] of Object.entries(after)) {
    if (sameValue(before[name], value)) continue;
    changes[name] = value;
    initialData[name] = before[name];
    differs ||= !touched.has(name);
  }
  return differs ? { changes, initialData } : undefined;
}

/** Whether two values of a column are the same value: dates, decimals and bytes by what they stand for. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "number" && typeof b === "number") return a === b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  // Both are asked what they are: a plain object may look like the inside of a date or of bytes.
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  }
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b)) {
    return ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && sameBytes(a, b);
  }
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameList(a, b);
  if (isDecimal(a) || isDecimal(b))
    return isDecimal(a) && isDecimal(b) && plain(a.toFixed()) === plain(b.toFixed());
  return sameRecord(a as Record<string, unknown>, b as Record<string, unknown>);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  // Few calls for each level: Json can have as many levels as the stack has room for.
  for (let index = 0; index < a.length; index++) if (!sameValue(a[index], b[index])) return false;
  return true;
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}

/** Json columns: the order of keys has no meaning in jsonb. */
function sameRecord(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !sameValue(a[key], b[key])) return false;
  return true;
}

/** A decimal's plain notation without what does not change its value: 1.50 is 1.5. */
function plain(text: string): string {
  const trimmed = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return trimmed === "-0" ? "0" : trimmed;
}
