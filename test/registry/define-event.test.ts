import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvent, eventsFor } from "../../src/registry/define-event.js";
import { isEventType } from "../../src/registry/is-event.js";
import { Counted, digits, PostGone, UserRegistered } from "./event-types.js";
import { refusal } from "./refusal.js";

/** Calls as JavaScript would, without types. */
const untyped = (name: unknown, options?: unknown) => Reflect.apply(defineEvent, undefined, [name, options]);
const untypedModel = (name: unknown, options?: unknown) =>
  Reflect.apply(eventsFor().defineEvent, undefined, [name, options]);

describe("defineEvent", () => {
  it("returns a function that knows its event", () => {
    expect(typeof Counted).toBe("function");
    expect({ ...Counted }).toEqual({ name: "Counted", version: 1, schema: digits, aggregateType: "Counter" });
    expect(isEventType(Counted)).toBe(true);
  });

  it("returns a function that cannot be changed", () => {
    expect(Object.isFrozen(Counted)).toBe(true);
    expect(Object.getOwnPropertyDescriptor(Counted, "name")).toMatchObject({
      value: "Counted",
      writable: false,
    });
  });

  it("has no aggregate type unless one is given", () => {
    expect(defineEvent("Plain", { schema: digits }).aggregateType).toBeNull();
  });

  it("accepts schemas of any library", () => {
    expect(isEventType(defineEvent("Zod", { schema: z.object({ id: z.string() }) }))).toBe(true);
    expect(isEventType(defineEvent("Valibot", { schema: v.object({ id: v.string() }) }))).toBe(true);
    const callable = Object.assign(() => true, digits);
    expect(isEventType(defineEvent("Callable", { schema: callable }))).toBe(true);
  });

  it("treats an option that is undefined as not given", () => {
    const { version, aggregateType } = defineEvent("Plain", {
      schema: digits,
      version: undefined,
      aggregateType: undefined,
    });
    expect({ version, aggregateType }).toEqual({ version: 1, aggregateType: null });
  });

  it.each<[string, () => unknown, string]>([
    [
      "no name",
      () => untyped(undefined, { schema: digits }),
      "INVALID_OPTION at name: name in defineEvent() is undefined: expected 1 to 200 printable characters",
    ],
    [
      "a name that is too long",
      () => untyped("x".repeat(201), { schema: digits }),
      `INVALID_OPTION at name: name in defineEvent() is "${"x".repeat(60)}…": expected 1 to 200 printable characters`,
    ],
    [
      "no options",
      () => untyped("A"),
      'INVALID_OPTION at options: options in defineEvent("A") is undefined: expected an object',
    ],
    [
      "no schema",
      () => untyped("A", {}),
      'INVALID_OPTION at schema: schema in defineEvent("A") is undefined: expected a Standard Schema',
    ],
    [
      "a schema of an older library",
      () => untyped("A", { schema: { parse: () => 1 } }),
      'INVALID_OPTION at schema: schema in defineEvent("A") is an object: expected a Standard Schema',
    ],
    [
      "a model",
      () => untyped("A", { model: "User" }),
      'INVALID_OPTION at model: unknown option "model" in defineEvent("A"): expected one of "schema", "version", "aggregateType"',
    ],
    [
      "a version that is no version",
      () => untyped("A", { schema: digits, version: 0 }),
      'INVALID_OPTION at version: version in defineEvent("A") is 0: expected a whole number from 1 to 2147483647',
    ],
    [
      "an aggregate type that is no name",
      () => untyped("A", { schema: digits, aggregateType: "" }),
      'INVALID_OPTION at aggregateType: aggregateType in defineEvent("A") is "": expected 1 to 200 printable characters',
    ],
    [
      "an unknown option",
      () => untyped("A", { schema: digits, versoin: 2 }),
      'INVALID_OPTION at versoin: unknown option "versoin" in defineEvent("A"): did you mean "version"?',
    ],
  ])("refuses %s", (_, call, message) => {
    expect(refusal(call)).toBe(message);
  });
});

describe("eventsFor", () => {
  it("defines events of a model", () => {
    expect({ ...PostGone }).toEqual({ name: "PostGone", version: 3, model: "Post", aggregateType: "Post" });
    expect(UserRegistered.schema).toBeUndefined();
  });

  it("defines events with a schema as well", () => {
    expect(eventsFor().defineEvent("Counted", { schema: digits }).schema).toBe(digits);
  });

  it("can be taken apart", () => {
    const { defineEvent: define } = eventsFor<{ readonly model: { readonly User: { payload: never } } }>();
    expect(define("A", { model: "User" }).model).toBe("User");
  });

  it.each<[string, () => unknown, string]>([
    [
      "a model that is no name",
      () => untypedModel("A", { model: 7 }),
      'INVALID_OPTION at model: model in defineEvent("A") is 7: expected 1 to 200 printable characters',
    ],
    [
      "a model and a schema",
      () => untypedModel("A", { model: "User", schema: digits }),
      'INVALID_OPTION at schema: unknown option "schema" in defineEvent("A"): expected one of "model", "version"',
    ],
    [
      "neither",
      () => untypedModel("A", {}),
      'INVALID_OPTION at schema: schema in defineEvent("A") is undefined: expected a Standard Schema',
    ],
    [
      "no options",
      () => untypedModel("A"),
      'INVALID_OPTION at options: options in defineEvent("A") is undefined: expected an object',
    ],
  ])("refuses %s", (_, call, message) => {
    expect(refusal(call)).toBe(message);
  });
});
