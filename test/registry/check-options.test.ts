import { inspect } from "node:util";
import { describe, expect, it } from "vitest";

import * as check from "../../src/registry/check-options.js";
import { refusal } from "./refusal.js";

describe("checkOptions", () => {
  it("returns an object whose keys are known", () => {
    const options = { a: 1 };
    expect(check.checkOptions(options, ["a", "b"], { of: "f()" })).toBe(options);
  });

  it("refuses unknown keys with the nearest known one", () => {
    expect(
      refusal(() => check.checkOptions({ retires: 1 }, ["retry"], { of: 'defineSubscriber("x")' })),
    ).toBe(
      'INVALID_OPTION at retires: unknown option "retires" in defineSubscriber("x"): did you mean "retry"?',
    );
    expect(refusal(() => check.checkOptions({ zzz: 1 }, ["retry", "name"], { of: "f()", path: "a.b" }))).toBe(
      'INVALID_OPTION at a.b.zzz: unknown option "a.b.zzz" in f(): expected one of "retry", "name"',
    );
  });

  it.each([null, undefined, "x", 1, [], () => 1, new Date(0), new Map(), Promise.resolve({})])(
    "refuses %o",
    (value) => {
      expect(refusal(() => check.checkOptions(value, [], { of: "f()" }))).toMatch(
        /^INVALID_OPTION at options: options in f\(\) is /,
      );
    },
  );
});

describe("checkName", () => {
  it.each(["a", "send-welcome-email", "Überweisung fällig", "帳單到期", "a.b:c/d", "x".repeat(118)])(
    "accepts %j",
    (name) => {
      expect(check.checkName(name, "name", 118, { of: "f()" })).toBe(name);
    },
  );

  it.each([
    "",
    " ",
    " a",
    "a ",
    "a  b",
    "a\nb",
    "a\tb",
    "a\u0000b",
    "a\u200bb",
    "\ud800",
    "x".repeat(119),
    undefined,
    null,
    7,
  ])("refuses %j", (name) => {
    expect(refusal(() => check.checkName(name, "name", 118, { of: "f()" }))).toBe(
      `INVALID_OPTION at name: name in f() is ${check.describe(name)}: expected 1 to 118 printable characters`,
    );
  });
});

describe("checkInteger", () => {
  const range = { min: 1, max: 10, defaultsTo: 5, of: "milliseconds" };

  it("returns the number, or the default when there is none", () => {
    expect(check.checkInteger({ n: 10 }, "n", range, { of: "f()" })).toBe(10);
    expect(check.checkInteger({}, "n", range, { of: "f()" })).toBe(5);
    expect(check.checkInteger({ n: undefined }, "n", range, { of: "f()" })).toBe(5);
  });

  it.each([0, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", 5n, null])("refuses %o", (n) => {
    expect(refusal(() => check.checkInteger({ n }, "n", range, { of: "f()" }))).toBe(
      `INVALID_OPTION at n: n in f() is ${check.describe(n)}: expected a whole number of milliseconds from 1 to 10`,
    );
  });
});

describe("describe", () => {
  it.each([
    ["text", '"text"'],
    ["x".repeat(100), `"${"x".repeat(60)}…"`],
    [12n, "12n"],
    [Number.NaN, "NaN"],
    [null, "null"],
    [undefined, "undefined"],
    [{ password: "secret" }, "an object"],
    [[], "an empty array"],
    [["secret"], "an array"],
    [Symbol("s"), "Symbol(s)"],
    ["postgres://user:hidden@host/db", '"postgres://…"'],
    ["at postgresql://user:hid/den@host", '"at postgresql://…"'],
    ["host=localhost password=hidden user=me", '"host=localhost …"'],
    ["host=localhost Password = hidden", '"host=localhost …"'],
    [new Date(0), "a Date"],
    [new Date(Number.NaN), "an invalid Date"],
    [new Error("secret"), "an Error"],
    [Promise.resolve("secret"), "a Promise"],
    [() => 1, "a function"],
    [function named() {}, "the function named"],
  ])("shows %o as %s", (value, text) => {
    expect(check.describe(value)).toBe(text);
  });
});

describe("invalidOption", () => {
  it.each(["password", "apiToken", "url", "directUrl", "clientSecret", "Authorization"])(
    "does not show a %s",
    (option) => {
      const { message } = check.invalidOption(option, "hidden", "another one", { of: "f()" });
      expect(message).toBe(`${option} in f() is a text that is not shown: expected another one`);
    },
  );

  it("has the value where only programs find it", () => {
    const error = check.invalidOption("schema", "postgres://user:hidden@host/db", "a name", { of: "f()" });
    expect(error.value).toBe("postgres://user:hidden@host/db");
    expect(inspect(error)).not.toContain("hidden");
    expect(JSON.stringify(error)).not.toContain("hidden");
    expect({ ...error }).not.toHaveProperty("value");
  });
});
