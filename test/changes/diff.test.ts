import { Decimal } from "@prisma/client/runtime/client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { creation, deletion, modification, type Row, sameValue } from "../../src/changes/diff.js";
import { roundTrip } from "../codec/round-trip.js";
import { RUNS, storable } from "../codec/storable.js";

const names = ["id", "email", "updatedAt", "touched", "list", "json"] as const;
const row = fc.record(Object.fromEntries(names.map((name) => [name, storable]))) as fc.Arbitrary<Row>;
const touchedFields = new Set<string>(["updatedAt", "touched"]);
const none: ReadonlySet<string> = new Set();

/** A row, and one in which each field is another or a copy. */
const rows = fc.tuple(row, row, fc.subarray([...names])).map(([before, other, changed]) => {
  const after = Object.fromEntries(
    names.map((name) => [name, changed.includes(name) ? other[name] : roundTrip(before[name])]),
  );
  return [before, after] as const;
});

describe("modification", () => {
  it("holds just the fields that are not the same, new and old", () => {
    fc.assert(
      fc.property(rows, ([before, after]) => {
        const changed = names.filter((name) => !sameValue(before[name], after[name]));
        const difference = modification(before, after, none);
        if (changed.length === 0) expect(difference).toBeUndefined();
        else {
          expect(Object.keys(difference?.changes ?? {})).toEqual(changed);
          expect(Object.keys(difference?.initialData ?? {})).toEqual(changed);
          for (const name of changed) {
            expect(difference?.changes[name]).toBe(after[name]);
            expect(difference?.initialData[name]).toBe(before[name]);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("is nothing from a row to its copy", () => {
    fc.assert(
      fc.property(row, (before) => {
        expect(modification(before, roundTrip(before) as Row, none)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  it("the other way round has changes and initial data exchanged", () => {
    fc.assert(
      fc.property(rows, ([before, after]) => {
        const there = modification(before, after, touchedFields);
        const back = modification(after, before, touchedFields);
        expect(back).toEqual(there && { changes: there.initialData, initialData: there.changes });
      }),
      { numRuns: RUNS },
    );
  });

  it("is nothing when only touched fields changed, and holds them when others did", () => {
    const before = { id: 1, email: "a", updatedAt: new Date(0), touched: null };
    const later = { updatedAt: new Date(1), touched: new Date(1) };
    expect(modification(before, { ...before, ...later }, touchedFields)).toBeUndefined();
    expect(modification(before, { ...before, ...later, email: "b" }, touchedFields)).toEqual({
      changes: { email: "b", ...later },
      initialData: { email: "a", updatedAt: new Date(0), touched: null },
    });
  });

  it("holds a touched field that did not change no more than any other", () => {
    const before = { id: 1, email: "a", updatedAt: new Date(0) };
    expect(modification(before, { ...before, email: "b" }, touchedFields)).toEqual({
      changes: { email: "b" },
      initialData: { email: "a" },
    });
  });

  it.each<[string, unknown, unknown]>([
    ["a date", new Date(0), new Date(1)],
    ["a decimal", new Decimal("1.5"), new Decimal("1.50000001")],
    ["bytes", new Uint8Array([1]), new Uint8Array([2])],
    ["JSON", { a: { b: [1] } }, { a: { b: [1, 2] } }],
    ["a list", ["a"], ["a", "b"]],
    ["to null", "a", null],
    ["from null", null, "a"],
    ["null to an empty list", null, []],
  ])("sees that %s changed", (_, old, value) => {
    expect(modification({ value: old }, { value }, none)).toEqual({
      changes: { value },
      initialData: { value: old },
    });
  });
});

describe("creation", () => {
  it("holds every field that has a value, and null as what was before", () => {
    const row = { id: 1, name: null, nick: undefined, list: [], zero: 0, no: false, text: "", json: {} };
    expect(creation(row)).toEqual({
      changes: { id: 1, list: [], zero: 0, no: false, text: "", json: {} },
      initialData: { id: null, list: null, zero: null, no: null, text: null, json: null },
    });
  });
});

describe("deletion", () => {
  it("holds nothing", () => {
    expect(deletion()).toEqual({ changes: {}, initialData: {} });
  });
});
