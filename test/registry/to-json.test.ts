import { describe, expect, it } from "vitest";

import { Decimal } from "../../src/codec/decimal.js";
import { EventBusError, toJson } from "../../src/index.js";

describe("toJson", () => {
  it.each([
    ["a moment", new Date("2026-01-02T03:04:05.006Z"), "2026-01-02T03:04:05.006Z"],
    ["an invalid moment", new Date(Number.NaN), null],
    ["a bigint", 9_007_199_254_740_993n, "9007199254740993"],
    ["a decimal", new Decimal("1e-9"), "0.000000001"],
    ["bytes", Uint8Array.of(0xde, 0xad), "3q0="],
    ["NaN", Number.NaN, "NaN"],
    ["infinity", Number.NEGATIVE_INFINITY, "-Infinity"],
    ["a number", 1.5, 1.5],
    ["null", null, null],
    ["a list", [1n, null, [new Date(0)]], ["1", null, ["1970-01-01T00:00:00.000Z"]]],
    ["an object", { a: { b: 1n, c: undefined } }, { a: { b: "1" } }],
  ])("gives %s as JSON", (_, value, json) => {
    const given = toJson({ aggregate: { value } });
    expect(given).toEqual({ aggregate: { value: json } });
    expect(JSON.parse(JSON.stringify(given))).toEqual({ aggregate: { value: json } });
  });

  it("gives the code and the message of an error", () => {
    const error = new EventBusError("VALUE_NOT_READABLE", "it is not", { value: "secret", path: "a" });
    expect(toJson({ error })).toEqual({ error: { code: "VALUE_NOT_READABLE", message: "it is not" } });
  });

  it("leaves out what is undefined, and keeps a key of any name", () => {
    const json = toJson({ a: undefined, aggregate: JSON.parse('{"__proto__": 1}') });
    expect(JSON.stringify(json)).toBe('{"aggregate":{"__proto__":1}}');
  });
});
