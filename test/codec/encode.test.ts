import { Decimal } from "@prisma/client/runtime/client";
import { Decimal as Other } from "@prisma/client/runtime/index-browser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decode } from "../../src/codec/decode.js";
import { encode } from "../../src/codec/encode.js";
import { refusal } from "../registry/refusal.js";
import { roundTrip } from "./round-trip.js";
import { json, RUNS, storable } from "./storable.js";
import { typed } from "./typed.js";

class Money {
  readonly amount = 1;
}

const cyclic: Record<string, unknown> = { id: 1 };
cyclic["self"] = { list: [cyclic] };

const sparse: unknown[] = [1];
sparse[2] = 3;

function deep(levels: number): unknown {
  let value: unknown = "deep";
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Code and path of the refusal. */
function refused(value: unknown): string {
  return refusal(() => encode(value, "E.aggregate")).replace(/: .*$/s, "");
}

describe("encode", () => {
  it("leaves the value as it is", () => {
    fc.assert(
      fc.property(storable, (value) => {
        const before = typed(value);
        encode(value, "value");
        expect(typed(value)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  it("gives plain JSON no hints, and leaves it as it is", () => {
    fc.assert(
      fc.property(json, (value) => {
        const encoded = encode(value, "value");
        expect(encoded.hint).toBeUndefined();
        expect(typed(JSON.parse(JSON.stringify(encoded.json)))).toEqual(typed(value));
      }),
      { numRuns: RUNS },
    );
  });

  it("gives JSON that says the same as the value, for readers without hints", () => {
    const value = {
      id: 12n,
      price: new Decimal("1.50"),
      at: new Date(0),
      photo: new Uint8Array([1]),
      rate: -0,
    };
    expect(encode(value, "value").json).toEqual({
      id: "12",
      price: "1.5",
      at: "1970-01-01T00:00:00.000Z",
      photo: "AQ==",
      rate: "-0",
    });
  });

  it("writes one hint for the items of a list, however many", () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({
      id: BigInt(index),
      at: new Date(index),
      name: "x",
    }));
    expect(encode(rows, "value").hint).toEqual([{ id: "bigint", at: "datetime" }]);
    expect(encode([null, 1n], "value").hint).toEqual(["bigint"]);
    expect(encode([1, 1n], "value").hint).toEqual({ 1: "bigint" });
    expect(encode([null, {}, []], "value").hint).toBeUndefined();
  });

  it("leaves undefined out of objects, as JSON does", () => {
    expect(roundTrip({ a: undefined, b: 1n, c: { d: undefined } })).toEqual({ b: 1n, c: {} });
    expect(Object.keys(roundTrip({ a: undefined, b: 1n }) as object)).toEqual(["b"]);
  });

  it("takes the same object twice, as long as it does not contain itself", () => {
    const shared = { id: 1n };
    expect(roundTrip({ a: shared, b: [shared, shared] })).toEqual({
      a: { id: 1n },
      b: [{ id: 1n }, { id: 1n }],
    });
  });

  it("takes decimals of another copy of decimal.js", () => {
    const other = new Other("12.50");
    expect(other).not.toBeInstanceOf(Decimal);
    expect(typed(roundTrip({ price: other }))).toEqual(typed({ price: new Decimal("12.5") }));
  });

  it("takes objects without a prototype, frozen ones, and parts of a buffer", () => {
    const bare = Object.assign(Object.create(null), { id: 1n });
    expect(typed(roundTrip(bare))).toEqual(typed({ id: 1n }));
    expect(roundTrip(Object.freeze({ id: 1n, list: Object.freeze([1n]) }))).toEqual({ id: 1n, list: [1n] });
    const part = Buffer.from("abcdef").subarray(2, 4);
    expect(typed(roundTrip(part))).toBe(`Uint8Array ${Buffer.from("cd").toString("hex")}`);
  });

  it.each<[string, unknown, string]>([
    ["a NUL character", { a: ["x", "\0"] }, ".a[1]"],
    ["a NUL character inside of a text", "x\0y", ""],
    ["a NUL character in a key", { a: { "x\0": 1 } }, ".a.x\0"],
    ["the first half of a surrogate pair", { a: "\ud83d" }, ".a"],
    ["the second half of one", ["\udfe4 x"], "[0]"],
    ["halves in the wrong order", "\udfe4\ud83d", ""],
    ["half a pair in a key", { "\ud83d": 1 }, ".\ud83d"],
    ["a function", { a: () => 1 }, ".a"],
    ["a class", [Money], "[0]"],
    ["a method of JSON's", { toJSON: () => "x" }, ".toJSON"],
    ["a symbol", { a: Symbol("s") }, ".a"],
    ["an instance of a class", { price: new Money() }, ".price"],
    ["an instance of a class without a name", { a: new (class {})() }, ".a"],
    ["an object that inherits from another", Object.create({ id: 1 }), ""],
    ["a Map", { a: { b: new Map([["k", 1]]) } }, ".a.b"],
    ["a Set", [[new Set([1])]], "[0][0]"],
    ["an Error", { cause: new Error("x") }, ".cause"],
    ["a RegExp", /x/, ""],
    ["a Promise", { a: Promise.resolve(1) }, ".a"],
    ["a boxed text", { a: Object("x") }, ".a"],
    ["a URL", { a: new URL("https://example.org") }, ".a"],
    ["an ArrayBuffer", { a: new ArrayBuffer(1) }, ".a"],
    ["a list of floats, which would come back as bytes", { a: new Float64Array([1.5]) }, ".a"],
    ["a DataView, which would come back as bytes", { a: new DataView(new ArrayBuffer(1)) }, ".a"],
    ["an invalid Date", { at: new Date(Number.NaN) }, ".at"],
    ["undefined in a list", { a: [1, undefined] }, ".a[1]"],
    ["a hole in a list", { a: sparse }, ".a[1]"],
    ["undefined alone", undefined, ""],
    ["too many levels", deep(10_000), ".a[0]".repeat(25)],
  ])("refuses %s", (_, value, path) => {
    expect(refused(value)).toBe(`VALUE_NOT_STORABLE at E.aggregate${path}`);
  });

  it("refuses an object that contains itself", () => {
    expect(refused(cyclic)).toMatch(/^VALUE_NOT_STORABLE at E\.aggregate(\.self\.list\[0\])+/);
    const list: unknown[] = [];
    list.push(list);
    expect(refused(list)).toMatch(/^VALUE_NOT_STORABLE at E\.aggregate(\[0\])+$/);
  });

  it("takes 4000 levels", () => {
    const value = deep(4_000);
    // Not compared with toEqual, which has calls in calls.
    expect(JSON.stringify(encode(value, "value").json)).toBe(JSON.stringify(value));
    expect(refusal(() => encode(deep(4_001), "value"))).toMatch(
      /^VALUE_NOT_STORABLE .* more than 4000 levels/,
    );
  });

  it("finds what is no JSON below many levels", () => {
    const inside = (value: unknown): unknown =>
      Array.from({ length: 100 }).reduce((inner) => ({ a: [inner] }), value);
    expect(encode(inside(1n), "value").json).toEqual(inside("1"));
    expect(decode(inside("1"), encode(inside(1n), "value").hint, "value")).toEqual(inside(1n));
    for (const bad of ["\0", { "\ud800": 1 }, new Map(), [undefined]])
      expect(() => encode(inside(bad), "value")).toThrow("cannot store");
  });

  it("says what was found, what is expected and what to do", () => {
    expect(refusal(() => encode({ price: new Money() }, "OrderPaid.aggregate"))).toBe(
      "VALUE_NOT_STORABLE at OrderPaid.aggregate.price: OrderPaid.aggregate.price holds an object of class Money, which " +
        "an event cannot store. Expected null, boolean, number, string, bigint, Date, Uint8Array, Decimal, or lists and " +
        "plain objects of these. Leave the value out or convert it.",
    );
  });

  it("refuses a value wherever it stands", () => {
    const bad = fc.constantFrom<unknown>(
      "\0",
      "\ud800",
      () => 1,
      Symbol("s"),
      new Map(),
      new Date(Number.NaN),
    );
    fc.assert(
      fc.property(
        storable,
        bad,
        fc.array(fc.constantFrom("a", 0), { minLength: 1, maxLength: 6 }),
        (good, value, path) => {
          const at = path.map((step) => (step === 0 ? "[1]" : ".a")).join("");
          const whole = path.reduceRight<unknown>(
            (inner, step) => (step === 0 ? [good, inner] : { b: good, a: inner }),
            value,
          );
          expect(refused(whole)).toBe(`VALUE_NOT_STORABLE at E.aggregate${at}`);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
