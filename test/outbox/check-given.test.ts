import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decode } from "../../src/codec/decode.js";
import type { TypeHint } from "../../src/codec/type-hint.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();

type Pair = readonly [value: unknown, hint: unknown];

const misfits = async (pairs: readonly Pair[]): Promise<(string | null)[]> => {
  const { rows } = await pool.query(
    `select event_bus.misfit('E', p -> 0, p -> 1) as why
       from jsonb_array_elements($1::jsonb) with ordinality x(p, n) order by n`,
    [JSON.stringify(pairs)],
  );
  return rows.map(({ why }) => why);
};

const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 20 });
const two = fc.integer({ min: 0, max: 70 }).map((n) => String(n).padStart(2, "0"));
const text = fc
  .oneof(
    fc.constantFrom(
      "",
      " 1",
      "1\n",
      "0x1f",
      "1_000",
      "Infinity",
      "-Infinity",
      "+Infinity",
      "NaN",
      "-0",
      "1.",
      ".5",
      "+1",
    ),
    fc.constantFrom(
      "2026-11-30",
      "20261130",
      "2026-02-31",
      "2026-11-30T24:00:00Z",
      "-000000-01-01",
      "+275760-09-13",
    ),
    fc.constantFrom("AAEC", "AAE=", "AA==", "A", "AAEC\n", "é"),
    digits,
    fc.tuple(digits, fc.constantFrom("", ".", "e", "E-", "-"), digits).map((parts) => parts.join("")),
    fc
      .tuple(
        fc.constantFrom("2026", "0000", "9999", "+002026", "-271820"),
        two,
        two,
        fc.constantFrom("T", " ", "t"),
        two,
        two,
      )
      .chain(([year, month, day, between, hour, minute]) =>
        fc
          .constantFrom("", "Z", ":07Z", ":61Z", ":07.123456+02", ":07+0530", ":07-24:00", ":07 +02")
          .map((rest) => `${year}-${month}-${day}${between}${hour}:${minute}${rest}`),
      ),
    fc.string(),
  )
  .map((value) => value.replaceAll("\0", ""));
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(2 ** 53, 1e21, 1e300, 8.64e15, 8.65e15, 0.1, -0.000001),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const tag = fc.constantFrom("bigint", "decimal", "datetime", "bytes", "float", "date", "");
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, scalar, tie("list"), tie("record")),
  list: fc.array(tie("any"), { maxLength: 3 }),
  record: fc.dictionary(fc.constantFrom("a", "b", "0"), tie("any"), { maxKeys: 3 }),
})).any;
const hint = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, tag, fc.constantFrom<unknown>(null, 1, true), tie("list"), tie("record")),
  list: fc.array(tie("any"), { maxLength: 1 }),
  record: fc.dictionary(fc.constantFrom("a", "b", "0"), tie("any"), { maxKeys: 3 }),
})).any;

const isRead = ([json, given]: Pair): boolean => {
  try {
    decode(json, given as TypeHint, "E");
    return true;
  } catch {
    return false;
  }
};

describe("misfit", () => {
  it("lets nothing pass that cannot be read", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.tuple(scalar, tag), fc.tuple(value, hint)), { minLength: 100, maxLength: 100 }),
        async (pairs) => {
          const why = await misfits(pairs);
          const passed = pairs.filter((_, index) => why[index] === null);
          expect(passed.filter((pair) => !isRead(pair))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    ));

  it.each<Pair>([
    ["12", "bigint"],
    [-12, "bigint"],
    ["-1.50e3", "decimal"],
    [1.5, "decimal"],
    ["NaN", "decimal"],
    ["2026-11-30", "datetime"],
    ["2026-11-30T12:00:00.123456Z", "datetime"],
    ["2026-11-30 12:00:00+05:30", "datetime"],
    [1_764_505_497_123, "datetime"],
    ["AAE=", "bytes"],
    ["-Infinity", "float"],
    [null, "bigint"],
    [["1", null, ["2"]], "bigint"],
    [
      { a: ["1"], b: "x" },
      { a: ["bigint"], c: "datetime" },
    ],
    [["x", "1"], { 1: "bigint" }],
    [{ a: 1 }, null],
  ])("accepts %j as %j", async (json, given) => {
    expect(await misfits([[json, given]])).toEqual([null]);
  });

  it.each<[unknown, unknown, string]>([
    ["soon", "datetime", 'E is "soon", but its type hint says "datetime"'],
    [true, "bigint", 'E is true, but its type hint says "bigint"'],
    [
      { a: [{ b: "1" }, { b: "x" }] },
      { a: [{ b: "bigint" }] },
      'E.a[1].b is "x", but its type hint says "bigint"',
    ],
    [{ a: 1 }, "bigint", 'E is {"a": 1}, but its type hint says "bigint"'],
    [[], "date", 'E is [], but its type hint says "date"'],
    ["1", { a: "bigint" }, 'E is "1", but its type hint says {"a": "bigint"}'],
    ["x".repeat(5_000), "bigint", `E is "${"x".repeat(199)}, but its type hint says "bigint"`],
  ])("refuses %j as %j", async (json, given, why) => {
    expect(await misfits([[json, given]])).toEqual([why]);
  });

  it("takes no longer for what is deep", async () => {
    const deep = (leaf: unknown) =>
      Array.from({ length: 60 }).reduce<unknown>((inner) => ({ a: inner }), leaf);
    const [why] = await misfits([[deep("x"), deep("bigint")]]);
    expect(why).toBe(`E${".a".repeat(60)} is "x", but its type hint says "bigint"`);
  });
});

describe("event_bus.publish of a program that says no schema version", () => {
  const publish = (events: unknown) =>
    pool.query("select * from event_bus.publish($1::jsonb)", [JSON.stringify(events)]);
  const bad = { name: "E", aggregate: { at: "soon" }, types: { aggregate: { at: "datetime" } } };
  const good = { ...bad, aggregate: { at: "2026-11-30T12:00:00Z" } };

  it.each([
    ["one event", [bad]],
    ["one of several", [good, bad]],
    [
      "hints that all share",
      { shared: { name: "E", types: bad.types }, events: [{ aggregate: {} }, { aggregate: bad.aggregate }] },
    ],
    [
      "a null beside shared hints",
      { shared: { types: bad.types }, events: [{ name: "E", aggregate: bad.aggregate, types: null }] },
    ],
    ["changes", [{ name: "E", aggregate: null, changes: { n: "x" }, types: { changes: { n: "bigint" } } }]],
    [
      "initial data",
      [{ name: "E", aggregate: null, initialData: { n: 1.5 }, types: { initialData: { n: "bigint" } } }],
    ],
    ["a name that no event type can have", [{ name: "E".repeat(5_000), aggregate: null }]],
    ["a type that no model can have", [{ name: "E", aggregateType: "E".repeat(5_000), aggregate: null }]],
  ])("refuses %s before anything is stored", async (_, events) => {
    await expect(publish(events)).rejects.toMatchObject({ code: "EB004", hint: expect.stringMatching(/\w/) });
    expect((await pool.query("select from event_bus.events")).rowCount).toBe(0);
  });

  it("stores what fits, and in the form for one event too", async () => {
    await publish([good, good]);
    await publish({ shared: { name: "E", types: good.types }, events: [good, { aggregate: null }] });
    await pool.query(
      `select event_bus.publish(name => 'E', aggregate => '{"id": "7"}', types => '{"aggregate": {"id": "bigint"}}')`,
    );
    await expect(
      pool.query(
        `select event_bus.publish(name => 'E', aggregate => '{"id": "x"}', types => '{"aggregate": {"id": "bigint"}}')`,
      ),
    ).rejects.toThrow('E.aggregate.id is "x", but its type hint says "bigint"');
    expect((await pool.query("select from event_bus.events")).rowCount).toBe(5);
  });
});
