import { describe, expect, it } from "vitest";
import { Decimal } from "../../src/codec/decimal.js";
import { brandEvent, draftTypeOf } from "../../src/registry/draft-event.js";
import { isEvent } from "../../src/registry/is-event.js";
import { Counted, PostGone, UserRegistered } from "./event-types.js";
import { refusal } from "./refusal.js";

const untyped = (type: unknown, ...args: unknown[]) => Reflect.apply(type as () => unknown, undefined, args);

describe("calling an event type", () => {
  it("makes an event that is published by hand", () => {
    const event = PostGone({ id: 1 });
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{14}7/),
      name: "PostGone",
      version: 3,
      aggregateType: "Post",
      aggregateKey: null,
      operation: "publish",
      aggregate: { id: 1 },
      changes: {},
      initialData: {},
      metadata: {},
    });
    expect(isEvent(event, PostGone)).toBe(true);
  });

  it("holds what it is given", () => {
    const aggregate = { id: 1 };
    const given = {
      metadata: { actor: "admin" },
      changes: { id: 1 },
      initialData: { id: null },
      operation: "create",
    } as const;
    const event = UserRegistered(aggregate, given);
    expect(event).toMatchObject(given);
    expect(event.aggregate).toBe(aggregate);
  });

  it("leaves the schema to the publishing", () => {
    expect(Counted("no digits").aggregate).toBe("no digits");
    expect(Counted("1").aggregateType).toBe("Counter");
  });

  it("makes another event each time", () => {
    expect(Counted("1").id).not.toBe(Counted("1").id);
  });

  it("makes an event that cannot be changed, and whose mark does not show", () => {
    const event = Counted("1");
    expect(Object.isFrozen(event)).toBe(true);
    expect(Reflect.ownKeys({ ...event })).toEqual(Object.keys(event));
    expect(JSON.parse(JSON.stringify(event))).toEqual(event);
  });

  it.each([
    ["k", "k"],
    ["", ""],
    [7, "7"],
    [9_007_199_254_740_993n, "9007199254740993"],
    [["a", 1, 2n], '["a","1","2"]'],
    [true, "true"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Uint8Array([0, 255]), "\\x00ff"],
    [new Decimal("1e-7"), "0.0000001"],
    [[new Decimal("1e21"), new Date(0)], '["1000000000000000000000","1970-01-01T00:00:00.000Z"]'],
    [undefined, null],
    [null, null],
  ])("writes the key %o as %j", (key, text) => {
    expect(untyped(Counted, "1", { aggregateKey: key })).toMatchObject({ aggregateKey: text });
  });

  it.each<[string, () => unknown, string]>([
    [
      "no aggregate",
      () => untyped(Counted),
      "INVALID_AGGREGATE at aggregate: the aggregate of Counted() is undefined: expected a value",
    ],
    [
      "no row",
      () => untyped(UserRegistered, "user 1"),
      'INVALID_AGGREGATE at aggregate: the aggregate of UserRegistered() is "user 1": expected a row of User',
    ],
    [
      "an unknown option",
      () => untyped(Counted, "1", { metaData: {} }),
      'INVALID_OPTION at metaData: unknown option "metaData" in Counted(): did you mean "metadata"?',
    ],
    [
      "options that are none",
      () => untyped(Counted, "1", "key"),
      'INVALID_OPTION at options: options in Counted() is "key": expected an object',
    ],
    [
      "metadata that are no object",
      () => untyped(Counted, "1", { metadata: "admin" }),
      'INVALID_OPTION at metadata: metadata in Counted() is "admin": expected an object',
    ],
    [
      "changes that are no object",
      () => untyped(Counted, "1", { changes: ["id"] }),
      "INVALID_OPTION at changes: changes in Counted() is an array: expected an object",
    ],
    [
      "an unknown operation",
      () => untyped(Counted, "1", { operation: "upsert" }),
      'INVALID_OPTION at operation: operation in Counted() is "upsert": expected "create", "update", "delete" or "publish"',
    ],
    [
      "a key that has no text",
      () => untyped(Counted, "1", { aggregateKey: {} }),
      "INVALID_OPTION at aggregateKey: aggregateKey in Counted() is an object: expected a string, a number, a bigint, a boolean, a Date, bytes, a Decimal, or an array of these for a compound key",
    ],
    [
      "a key without parts",
      () => untyped(Counted, "1", { aggregateKey: [] }),
      "INVALID_OPTION at aggregateKey: aggregateKey in Counted() is an empty array: expected a string, a number, a bigint, a boolean, a Date, bytes, a Decimal, or an array of these for a compound key",
    ],
    [
      "a key that is no number",
      () => untyped(Counted, "1", { aggregateKey: Number.NaN }),
      "INVALID_OPTION at aggregateKey: aggregateKey in Counted() is NaN: expected a string, a number, a bigint, a boolean, a Date, bytes, a Decimal, or an array of these for a compound key",
    ],
  ])("refuses %s", (_, call, message) => {
    expect(refusal(call)).toBe(message);
  });
});

describe("draftTypeOf", () => {
  it("returns the very type that made the draft", () => {
    expect(draftTypeOf(Counted("1"))).toBe(Counted);
  });

  it.each([undefined, null, {}, UserRegistered, brandEvent({ ...Counted("1") })])(
    "returns nothing for %o, which is no draft",
    (value) => {
      expect(draftTypeOf(value)).toBeUndefined();
    },
  );
});
