import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decode } from "../../src/codec/decode.js";
import { encode } from "../../src/codec/encode.js";
import type { TypeHint } from "../../src/codec/type-hint.js";
import { refusal } from "../registry/refusal.js";
import { json, RUNS, record, storable } from "./storable.js";

const read = (json: unknown, hint: unknown) => decode(json, hint as TypeHint, "E.aggregate");

describe("decode", () => {
  it.each<[string, unknown, unknown, string]>([
    ["a bigint that is none", { id: "1.5" }, { id: "bigint" }, ".id"],
    ["a bigint with white space", " 1", "bigint", ""],
    ["a bigint in another notation", "0x10", "bigint", ""],
    ["an empty bigint", "", "bigint", ""],
    ["a bigint that is a fraction", 1.5, "bigint", ""],
    ["a bigint that was a number too large to be exact", 2 ** 53 + 2, "bigint", ""],
    [
      "a decimal that was a number with more digits than it can have",
      JSON.parse("12345678901234567.89"),
      "decimal",
      "",
    ],
    ["a bigint that is true", [true], ["bigint"], "[0]"],
    ["a bigint that is an object", { id: {} }, { id: "bigint" }, ".id"],
    ["a decimal that is none", { price: ["1", "x"] }, { price: ["decimal"] }, ".price[1]"],
    ["a decimal that is a boolean", false, "decimal", ""],
    ["a date that is none", "yesterday", "datetime", ""],
    ["a date that is only a number as text", "1", "datetime", ""],
    ["a date in another notation", "01/02/2020", "datetime", ""],
    ["a date out of range", 8.64e15 + 1, "datetime", ""],
    ["a date that is an object", [{}], ["datetime"], "[0]"],
    ["bytes that are a number", { photo: 1 }, { photo: "bytes" }, ".photo"],
    ["bytes that are no base64", { photo: "\\x00ff" }, { photo: "bytes" }, ".photo"],
    ["a float that is none", { rate: "fast" }, { rate: "float" }, ".rate"],
    ["an empty float", "", "float", ""],
    ["a float that is true", true, "float", ""],
    ["a float that is an object", { rate: {} }, { rate: "float" }, ".rate"],
    ["bytes that are an object", {}, "bytes", ""],
    ["a text with hints of an object", { a: "x" }, { a: { b: "bigint" } }, ".a"],
    ["a text with hints of a list", "x", ["bigint"], ""],
    ["an object with hints of a list", { a: {} }, { a: ["bigint"] }, ".a"],
    ["a tag that a later version knows", { a: "P1D" }, { a: "duration" }, ".a"],
    ["a tag that a later version knows, of a list", { a: ["P1D"] }, { a: "duration" }, ".a"],
    [
      "a tag that a later version knows, of the items of a list",
      { a: ["P1D"] },
      { a: ["duration"] },
      ".a[0]",
    ],
    ["a hint that is none", { a: "x" }, { a: 7 }, ".a"],
  ])("refuses %s", (_, json, hint, path) => {
    expect(refusal(() => read(json, hint)).replace(/: .*$/s, "")).toBe(
      `VALUE_NOT_READABLE at E.aggregate${path}`,
    );
  });

  it("says what was found, what is expected and what to do", () => {
    expect(refusal(() => read({ id: "x" }, { id: "bigint" }))).toBe(
      'VALUE_NOT_READABLE at E.aggregate.id: E.aggregate.id is "x", but its type hint says bigint. ' +
        "Correct the publisher's type hints.",
    );
  });

  it("never guesses without a hint", () => {
    const json = { id: "1", at: "2020-01-01T00:00:00.000Z", photo: "AQ==", rate: "NaN", list: ["1"] };
    expect(read(structuredClone(json), undefined)).toEqual(json);
    expect(read(structuredClone(json), null)).toEqual(json);
    expect(read(structuredClone(json), {})).toEqual(json);
  });

  it("lets null be null whatever the hint", () => {
    for (const hint of ["bigint", "bytes", ["decimal"], { a: "datetime" }])
      expect(read(null, hint)).toBeNull();
    expect(read({ a: null, b: [null] }, { a: "bigint", b: ["float"], c: "bigint" })).toEqual({
      a: null,
      b: [null],
    });
  });

  it("reads numbers of publishers in other languages", () => {
    expect(read([1, -2], ["bigint"])).toEqual([1n, -2n]);
    expect(String(read(0.1, "decimal"))).toBe("0.1");
    expect(read(86_400_000, "datetime")).toEqual(new Date("1970-01-02"));
    expect(read([1.5, "NaN"], ["float"])).toEqual([1.5, Number.NaN]);
  });

  it("reads dates as PostgreSQL writes them into JSON", () => {
    expect(read("2020-06-01T12:00:00+02:00", "datetime")).toEqual(new Date("2020-06-01T10:00:00Z"));
    expect(read("2020-06-01T12:00:00.123456+00:00", "datetime")).toEqual(
      new Date("2020-06-01T12:00:00.123Z"),
    );
    expect(read("2020-06-01", "datetime")).toEqual(new Date("2020-06-01T00:00:00Z"));
  });

  it("reads a date without a time zone as UTC, wherever the process runs", () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
    try {
      expect(new Date(2020, 5, 1).getTimezoneOffset()).toBe(240);
      expect(read("2020-06-01T12:00:00.123456", "datetime")).toEqual(new Date("2020-06-01T12:00:00.123Z"));
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  it("reads one instant in every notation of it", () => {
    const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });
    const instants = fc.date({
      min: new Date("0001-01-03"),
      max: new Date("9999-12-29"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, offsets, fc.constantFrom("T", " "), (instant, minutes, between) => {
        const pad = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, "0");
        const sign = minutes < 0 ? "-" : "+";
        const zones = [
          `${sign}${pad(minutes / 60)}:${pad(minutes % 60)}`,
          `${sign}${pad(minutes / 60)}${pad(minutes % 60)}`,
        ];
        if (minutes % 60 === 0) zones.push(`${sign}${pad(minutes / 60)}`);
        const local = new Date(instant.getTime() + minutes * 60_000)
          .toISOString()
          .slice(0, -1)
          .replace("T", between);
        for (const zone of zones) expect(read(`${local}${zone}`, "datetime")).toEqual(instant);
        const utc = instant.toISOString().slice(0, -1).replace("T", between);
        for (const text of [utc, `${utc}Z`, `${utc}456`, `${utc}+00`])
          expect(read(text, "datetime")).toEqual(instant);
      }),
      { numRuns: RUNS },
    );
  });

  it("of any JSON with any hints gives a value, or says that it cannot read it", () => {
    const hint = fc.letrec<{ hint: unknown }>((tie) => ({
      hint: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("bigint", "decimal", "datetime", "bytes", "float", "duration", null, 7, true),
        fc.array(tie("hint"), { maxLength: 2 }),
        record(tie("hint")),
      ),
    })).hint;
    const values = fc.oneof(
      json,
      storable.map((value) => structuredClone(encode(value, "value").json)),
    );
    fc.assert(
      fc.property(values, hint, (value, anyHint) => {
        try {
          read(value, anyHint);
        } catch (error) {
          expect(error).toMatchObject({
            code: "VALUE_NOT_READABLE",
            path: expect.stringMatching(/^E\.aggregate/),
          });
        }
      }),
      { numRuns: RUNS * 5 },
    );
  });

  it("takes hints of keys that are not there, as an event may leave them out", () => {
    expect(read({ id: "1" }, { id: "bigint", at: "datetime", list: [{ at: "datetime" }] })).toEqual({
      id: 1n,
    });
  });

  it("leaves what it reads as it is, so that it can be read again", () => {
    const stored = { at: "2026-01-01T00:00:00.000Z", list: [{ n: "1" }] };
    const hint = { at: "datetime", list: [{ n: "bigint" }] };
    expect(read(stored, hint)).toEqual(read(stored, hint));
    expect(stored).toEqual({ at: "2026-01-01T00:00:00.000Z", list: [{ n: "1" }] });
  });
});
