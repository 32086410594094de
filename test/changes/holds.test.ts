import { describe, expect, it } from "vitest";

import { creation, deletion, modification, type Row } from "../../src/changes/diff.js";
import { type Decided, holds } from "../../src/changes/holds.js";
import { Decimal } from "../../src/codec/decimal.js";
import { type Condition, checkCondition } from "../../src/registry/condition.js";

const decide = (condition: Condition<Record<string, never>> | object, change: Decided) =>
  holds(checkCondition(condition, { of: "a test" }, undefined), change);
const created = (after: Row): Decided => ({ before: undefined, after, ...creation(after) });
const deleted = (before: Row): Decided => ({ before, after: undefined, ...deletion() });
const updated = (before: Row, after: Row): Decided => {
  const { changes = {} } = modification(before, after, new Set()) ?? {};
  return { before, after, changes };
};
const paid = updated({ status: "OPEN", total: 5, note: null }, { status: "PAID", total: 5, note: "n" });

describe("a condition", () => {
  it.each<[object, boolean]>([
    [{ changed: "status" }, true],
    [{ changed: "total" }, false],
    [{ changed: ["total", "note"] }, true],
    [{ was: { status: "OPEN" } }, true],
    [{ was: { status: "PAID" } }, false],
    [{ is: { status: "PAID", total: 5 } }, true],
    [{ is: { status: "PAID", total: 6 } }, false],
    [{ becomes: { status: "PAID" } }, true],
    [{ becomes: { total: 5 } }, false],
    [{ becomes: { status: "PAID", total: 5 } }, true],
    [{ was: { note: null }, is: { note: { not: null } } }, true],
    [{ is: { status: { in: ["PAID", "SHIPPED"] } } }, true],
    [{ is: { status: { in: [] } } }, false],
    [{ is: { note: { in: [null, "n"] } }, was: { note: { in: [null] } } }, true],
    [{ is: { total: { gt: 4, lte: 5 } } }, true],
    [{ is: { total: { gt: 4, lt: 5 } } }, false],
    [{ AND: [{ changed: "status" }, { changed: "note" }] }, true],
    [{ AND: [{ changed: "status" }, { changed: "total" }] }, false],
    [{ AND: [] }, true],
    [{ OR: [{ changed: "total" }, { changed: "note" }] }, true],
    [{ OR: [] }, false],
    [{ NOT: { changed: "total" } }, true],
    [{ NOT: { NOT: { NOT: { changed: "status" } } } }, false],
    [{ changed: "status", NOT: { is: { status: "PAID" } } }, false],
  ])("%j is %j for an order that was paid", (condition, expected) => {
    expect(decide(condition, paid)).toBe(expected);
  });

  it.each<[object, boolean]>([
    [{ changed: "status" }, true],
    [{ changed: "note" }, false],
    [{ was: { status: null } }, true],
    [{ was: { status: { not: "PAID" } } }, true],
    [{ becomes: { status: "PAID" } }, true],
    [{ is: { note: null } }, true],
  ])("%j is %j for a row that is created: it was null in all fields", (condition, expected) => {
    expect(decide(condition, created({ status: "PAID", note: null }))).toBe(expected);
  });

  it.each<[object, boolean]>([
    [{ changed: "status" }, false],
    [{ was: { status: "PAID" } }, true],
    [{ is: { status: "PAID" } }, false],
    [{ becomes: { status: null } }, true],
  ])("%j is %j for a row that is deleted: it is null in all fields", (condition, expected) => {
    expect(decide(condition, deleted({ status: "PAID" }))).toBe(expected);
  });
});

describe("values of a condition", () => {
  const is = (value: unknown, test: unknown) =>
    decide({ is: { field: test } }, updated({ field: "other" }, { field: value }));

  it.each<[string, unknown, unknown]>([
    ["moments", new Date(5), new Date(5)],
    ["decimals, however written", new Decimal("1.50"), new Decimal("1.5")],
    ["bytes", new Uint8Array([1, 2]), Buffer.from([1, 2])],
    ["zeros", 0, -0],
    ["what is no number", Number.NaN, Number.NaN],
    ["bigints", 5n, 5n],
  ])("are the same: %s", (_, value, wanted) => {
    expect([is(value, wanted), is(value, { not: wanted }), is(value, { in: [wanted] })]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each<[unknown, unknown]>([
    [1, 2],
    [-1n, 2n ** 63n],
    [1, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.NaN],
    [new Decimal("9.5"), new Decimal("10")],
    [new Decimal("1e30"), new Decimal("NaN")],
    [new Date(-1), new Date(0)],
    ["-infinity", new Date(0)],
    [Number.NEGATIVE_INFINITY, 0],
  ])("are in order: %s before %s", (low, high) => {
    const all = (value: unknown, wanted: unknown) =>
      (["lt", "lte", "gt", "gte"] as const).map((kind) => is(value, { [kind]: wanted }));
    expect(all(low, high)).toEqual([true, true, false, false]);
    expect(all(high, high)).toEqual([false, true, false, true]);
    if (typeof low !== "string") expect(all(high, low)).toEqual([false, false, true, true]);
  });

  it("have no order with null", () => {
    expect(["lt", "lte", "gt", "gte"].map((kind) => is(null, { [kind]: 0 }))).toEqual(Array(4).fill(false));
  });

  it("infinity is after every moment", () => {
    expect([is("infinity", { gt: new Date(8.64e15) }), is("infinity", new Date(0))]).toEqual([true, false]);
  });
});
