import { sameValue } from "../changes/diff.js";
import { isDecimal } from "../codec/decimal.js";

/** The common part of asymmetric matchers, such as `expect.any(String)`, of Vitest and Jest. */
export interface AsymmetricMatcher {
  asymmetricMatch(found: unknown): boolean;
}

/** One expected value, and the value found in its place. */
export interface Comparison {
  /** `aggregate.tags[1]` */
  readonly path: string;
  readonly expected: unknown;
  readonly found: unknown;
  readonly matches: boolean;
}

/**
 * Compares expected values with found ones. Like `toMatchObject`, ignores fields that are not expected. Lists must have the same
 * length. Dates, decimals and bytes are compared by value.
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
  // The content of a Map, a promise and the like cannot be compared, so they match nothing.
  if (entries.length === 0) return leaf(isPlain(expected));
  return entries.flatMap(([key, value]) => compare(value, found[key], path === "" ? key : `${path}.${key}`));
}

/** Whether a value is an asymmetric matcher, such as `expect.any(…)` or `expect.objectContaining(…)`. */
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

/** Whether a value is a plain object: no list, and not of a class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another realm have that realm's Object.prototype, which has no prototype either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
