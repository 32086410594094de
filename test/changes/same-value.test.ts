import { Decimal } from "@prisma/client/runtime/client";
// Another copy of decimal.js: `instanceof` knows nothing of it.
import { Decimal as Other } from "@prisma/client/runtime/index-browser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { sameValue } from "../../src/changes/diff.js";
import { roundTrip } from "../codec/round-trip.js";
import { RUNS, storable } from "../codec/storable.js";
import { typed } from "../codec/typed.js";

/** What a value is, where 0 is 0 whatever its sign: PostgreSQL takes them for equal. */
const identity = (value: unknown) => JSON.stringify(typed(value)).replaceAll('"number -0"', '"number 0"');

/** Often the same, often nearly: one of the pair is a copy of the other, or of a part of it. */
const pair = fc.oneof(
  fc.tuple(storable, storable),
  storable.map((value) => [value, roundTrip(value)] as const),
  fc.tuple(storable, storable).map(
    ([a, b]) =>
      [
        [a, b],
        [roundTrip(a), a],
      ] as const,
  ),
  fc.tuple(storable, storable).map(
    ([a, b]) =>
      [
        { a, b },
        { b: roundTrip(b), a },
      ] as const,
  ),
  fc.tuple(storable, storable).map(([a, b]) => [{ a }, { a, b }] as const),
  fc.tuple(storable, storable).map(([a, b]) => [[a], [a, b]] as const),
);

describe("sameValue", () => {
  it("says of a value and its copy that they are the same", () => {
    fc.assert(
      fc.property(storable, (value) => {
        expect(sameValue(value, value)).toBe(true);
        expect(sameValue(value, roundTrip(value))).toBe(true);
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it("says the same of two values in either order, and says whether they are the same", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(sameValue(a, b)).toBe(identity(a) === identity(b));
        expect(sameValue(b, a)).toBe(sameValue(a, b));
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it.each<[string, unknown, unknown]>([
    ["dates of one instant", new Date("2020-01-01T02:00:00+02:00"), new Date("2020-01-01T00:00:00Z")],
    ["decimals of one value", new Decimal("1.50"), new Decimal("1.5")],
    ["decimals in two notations", new Decimal("1e3"), new Decimal("1000.000")],
    ["decimals of two copies of decimal.js", new Decimal("1234.5"), new Other("1234.5")],
    ["decimals of zero", new Decimal("-0"), new Decimal("0.00")],
    ["decimals that are no number", new Decimal(Number.NaN), new Decimal(Number.NaN)],
    ["a Buffer and a Uint8Array", Buffer.from("ab"), new Uint8Array([97, 98])],
    ["a part of a buffer and a copy of it", Buffer.from("xaby").subarray(1, 3), new Uint8Array([97, 98])],
    ["objects with keys in another order", { a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 }],
    ["objects with and without a prototype", { a: 1 }, Object.assign(Object.create(null), { a: 1 })],
    ["NaN", Number.NaN, Number.NaN],
    ["0 and -0", 0, -0],
    ["0 and -0 inside of JSON", { a: [0] }, { a: [-0] }],
    ["empty lists", [], []],
    ["null", null, null],
  ])("takes for the same: %s", (_, a, b) => {
    expect([sameValue(a, b), sameValue(b, a)]).toEqual([true, true]);
  });

  it.each<[string, unknown, unknown]>([
    ["dates a millisecond apart", new Date(0), new Date(1)],
    ["decimals that are equal as numbers", new Decimal("0.1"), new Decimal("0.1000000000000000000000000001")],
    ["decimals of other sign", new Decimal("1.0"), new Decimal("-1.0")],
    ["a decimal and the number", new Decimal(1), 1],
    ["a decimal and its text", new Decimal(1), "1"],
    ["a bigint and the number", 1n, 1],
    ["a date and its text", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a text and the number", "1", 1],
    ["null and undefined", null, undefined],
    ["null and an empty list", null, []],
    ["null and an empty object", null, {}],
    ["a list and an object", [], {}],
    ["a list and an object that looks like it", ["a"], { 0: "a" }],
    ["a date and an object", new Date(0), {}],
    ["bytes and an object", new Uint8Array(), {}],
    ["bytes and an object that looks like them", new Uint8Array([1]), { 0: 1 }],
    ["a decimal and an object that looks like it", new Decimal(1), { ...new Decimal(1) }],
    ["decimals of two copies, of other values", new Decimal("1.5"), new Other("1.6")],
    ["bytes and a list", new Uint8Array([1]), [1]],
    ["bytes and longer ones", new Uint8Array([1]), new Uint8Array([1, 0])],
    ["lists in another order", [1, 2], [2, 1]],
    ["a list and the start of it", [1, 2], [1]],
    ["an object with a key more", { a: 1 }, { a: 1, b: null }],
    ["a key that is not there and one that is inherited", { toString: 1 }, { a: 1 }],
    ["objects with as many other keys", { a: undefined }, { b: undefined }],
    ["a deep difference", { a: [{ b: { c: new Date(0) } }] }, { a: [{ b: { c: new Date(1) } }] }],
    ["texts in another normal form", "é", "e\u0301"],
    ["other case", "a", "A"],
    ["true and 1", true, 1],
  ])("tells apart: %s", (_, a, b) => {
    expect([sameValue(a, b), sameValue(b, a)]).toEqual([false, false]);
  });
});
