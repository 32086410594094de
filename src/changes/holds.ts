import { isDecimal } from "../codec/decimal.js";
import type { CheckedCondition, Test, Tested } from "../registry/condition.js";
import { type Row, sameValue } from "./diff.js";

/** The change that a condition decides about. */
export interface Decided {
  /** Undefined for a row that was created. */
  readonly before: Row | undefined;
  /** Undefined for a row that was deleted. */
  readonly after: Row | undefined;
  /** The fields that changed. */
  readonly changes: Row;
}

/** Whether a condition holds for a change. `src/triggers` decides the same in SQL. */
export function holds(condition: CheckedCondition, change: Decided): boolean {
  const { changed, was, is, becomes, all, some, not } = condition;
  const { before, after, changes } = change;
  return (
    (changed === undefined || changed.some((field) => field in changes)) &&
    passes(was, before) &&
    passes(is, after) &&
    (becomes === undefined || (passes(becomes, after) && !passes(becomes, before))) &&
    all.every((one) => holds(one, change)) &&
    (some === undefined || some.some((one) => holds(one, change))) &&
    (not === undefined || !holds(not, change))
  );
}

function passes(tests: readonly Tested[], row: Row | undefined): boolean {
  return tests.every(([field, all]) => {
    const value = row?.[field] ?? null;
    return all.every((test) => passesTest(test, value));
  });
}

function passesTest([kind, wanted]: Test, value: unknown): boolean {
  switch (kind) {
    case "equals":
      return sameValue(wanted, value);
    case "not":
      return !sameValue(wanted, value);
    case "in":
      return (wanted as readonly unknown[]).some((one) => sameValue(one, value));
    default:
      return value !== null && inOrder(kind, compare(value, wanted));
  }
}

function inOrder(kind: "lt" | "lte" | "gt" | "gte", order: number): boolean {
  if (kind === "lt") return order < 0;
  if (kind === "lte") return order <= 0;
  return kind === "gt" ? order > 0 : order >= 0;
}

/** Negative, zero or positive, as PostgreSQL orders them: NaN is greater than every other number. */
function compare(a: unknown, b: unknown): number {
  const [aIsNaN, bIsNaN] = [isNaNOf(a), isNaNOf(b)];
  if (aIsNaN || bIsNaN) return Number(aIsNaN) - Number(bIsNaN);
  if (typeof a === "object" && a !== null && isDecimal(a))
    return (a as unknown as { comparedTo(other: unknown): number }).comparedTo(b);
  const [x, y] = [ordinal(a), ordinal(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

function isNaNOf(value: unknown): boolean {
  return (
    Number.isNaN(value) ||
    (typeof value === "object" && value !== null && isDecimal(value) && value.toFixed() === "NaN")
  );
}

/** The moments that a Date cannot hold are texts: `infinity` and `-infinity`. */
function ordinal(value: unknown): number | bigint {
  if (value === "infinity") return Number.POSITIVE_INFINITY;
  if (value === "-infinity") return Number.NEGATIVE_INFINITY;
  return value instanceof Date ? value.getTime() : (value as number | bigint);
}
