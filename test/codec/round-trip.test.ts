import { Decimal } from "@prisma/client/runtime/client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundTrip } from "./round-trip.js";
import { RUNS, recordOf, storable } from "./storable.js";
import { typed } from "./typed.js";

describe("encode and decode", () => {
  it("bring back every value with its type", () => {
    fc.assert(
      fc.property(storable, (value) => {
        expect(typed(roundTrip(value))).toEqual(typed(value));
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a boolean", false],
    ["an empty text", ""],
    ["a text that looks like another type", ["1", "NaN", "2020-01-01T00:00:00.000Z", "AAEC", "-0"]],
    ["characters outside of the basic plane", "🟤 \u{10FFFF}"],
    ["numbers at the edges", [0, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 1e21, 1e-7, -1]],
    ["NaN, infinities and -0", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, null]],
    ["-0 in objects and beside others", { a: -0, b: [0, -0], c: "-0", d: [{ e: -0 }] }],
    ["bigints", [0n, -1n, 9_223_372_036_854_775_807n, -(2n ** 63n), 10n ** 30n]],
    ["a Decimal", new Decimal("-123456789012345678901234567890.000000000000000000000000000001")],
    ["a Decimal beyond numbers", [new Decimal("1e400"), new Decimal("1e-400")]],
    ["a Decimal that is not a number", [new Decimal(Number.NaN), new Decimal(Number.NEGATIVE_INFINITY)]],
    ["dates at the edges", [new Date(8.64e15), new Date(-8.64e15), new Date(0), new Date(-1)]],
    ["dates before Christ and after 9999", [new Date("-000043-03-15"), new Date("+010000-01-01")]],
    ["bytes", new Uint8Array([0, 255, 10, 13])],
    ["no bytes", new Uint8Array()],
    ["empty lists and objects", [[], {}, [[]], [{}], { a: [] }]],
    ["lists in lists", [[1n, 2n], [3n], [], [[4n]], null]],
    ["a list of different types", [1, 1n, "1", new Date(1), new Decimal(1), null, true, [1n], { 0: 1n }]],
    ["nulls among values with hints", [null, 1n, null]],
    ["nulls among values without", [null, 1, null]],
    [
      "lists of objects of one form",
      [
        { id: 1n, at: null },
        { id: 2n, at: null },
      ],
    ],
    [
      "lists of objects of several forms",
      [{ id: 1n, at: null }, { id: 2n, at: new Date(0) }, { at: "never" }],
    ],
    ["an object that looks like a list", { 0: 1n, 1: "1", length: 2 }],
    ["an object of hints", { aggregate: "bigint", types: { id: ["bigint"] }, id: 1n }],
  ])("bring back %s", (_, value) => {
    expect(typed(roundTrip(value))).toEqual(typed(value));
  });

  it.each(["__proto__", "constructor", "prototype", "toString", "", "0", "length", "a.b", "\u2028"])(
    "bring back what is under the key %j",
    (key) => {
      for (const value of [1n, { nested: 1n }, [1n], "text", null, recordOf([[key, new Date(0)]])]) {
        const given = recordOf([[key, value]]);
        const back = roundTrip(given);
        expect(typed(back)).toEqual(typed(given));
        expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      }
    },
  );

  it("do not touch prototypes", () => {
    roundTrip(recordOf([["__proto__", recordOf<unknown>([["polluted", 1n]])]]));
    roundTrip({ constructor: { prototype: { polluted: 1n } } });
    expect("polluted" in {}).toBe(false);
  });
});
