import { sameValue } from "../changes/diff.js";
import { isDecimal } from "../codec/decimal.js";

/** What `expect.any(String)` and the like have in common, in Vitest and in Jest. */
export interface AsymmetricMatcher {
  asymmetricMatch(found: unknown): boolean;
}

/** One value that is expected somewhere, and what is there. */
export interface Comparison {
  /** `aggregate.tags[1]` */
  readonly path: string;
  readonly expected: unknown;
  readonly found: unknown;
  readonly matches: boolean;
}

/**
 * Holds what is expected against what was found, value by value. Fields that are not expected do not count, as with
 * `toMatchObject`; lists have the same length; dates, decimals and bytes are compared by what they stand for.
 */
export function compare(expected: unknown, found: unknown, path: string): readonly Comparison[] {
  const leaf = (matches: boolean) => [{ path, expected, found, matches }];
  if (isAsymmetric(expected)) return leaf(expected.asymmetricMatch(found));
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return leaf(false);
    if (expected.length === 0) return leaf(true);
    return expected.flatMap((item, index) => compare(item, found[index], `${path}[${index}]`));
  }
  if (!isRecord(expected)) return leaf(sameValue(expected, found));
  if (!isRecord(found)) return leaf(false);
  const entries = Object.entries(expected);
  // A Map, a promise and the like hold something that is not seen here: they are no part of anything.
  if (entries.length === 0) return leaf(isPlain(expected));
  return entries.flatMap(([key, value]) => compare(value, found[key], path === "" ? key : `${path}.${key}`));
}

/** Whether it is an `expect.any(…)`, `expect.objectContaining(…)` and so on. */
export function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<AsymmetricMatcher>).asymmetricMatch === "function"
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !ArrayBuffer.isView(value) &&
    !isDecimal(value)
  );
}

/** Whether it is an object in the sense of `{}`: no list, and of no class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Rows of another realm have another Object.prototype, which has none either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
