import { sameValue } from "../changes/diff.js";
import { isDecimal } from "../codec/decimal.js";
import { isPlain } from "./compare.js";

/** A changed part of a value. */
export interface ValueChange {
  /** `[1].amount`; empty for the value itself. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The differences of two snapshots. A value that only one of them has is undefined in the other. */
export function differences(before: unknown, after: unknown, path = ""): readonly ValueChange[] {
  if (sameValue(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) =>
      differences(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isPlain(before) && isPlain(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) =>
      differences(before[key], after[key], path === "" ? key : `${path}.${key}`),
    );
  }
  return [{ path, before, after }];
}

/**
 * A deep copy, which later changes of the original do not affect. It has only values that {@link differences} can compare:
 * lists, plain objects and values of columns. A Map is an object or a list of pairs, a Set a list, anything else of a
 * class its fields.
 */
export function snapshot(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value !== "object" || value === null || isDecimal(value)) return value;
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  if (above.includes(value)) return "[itself]";
  const copy = (item: unknown) => snapshot(item, [...above, value]);
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Set) return [...value].map(copy);
  if (value instanceof Error) return { name: value.name, message: value.message, ...fieldsOf(value, copy) };
  if (!(value instanceof Map)) return fieldsOf(value, copy);
  const hasNames = [...value.keys()].every((key) => typeof key === "string");
  return hasNames
    ? fieldsOf(Object.fromEntries(value), copy)
    : [...value].map(([key, item]) => [copy(key), copy(item)]);
}

function fieldsOf(value: object, copy: (item: unknown) => unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}
