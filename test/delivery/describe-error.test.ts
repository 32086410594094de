import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { describeError } from "../../src/delivery/describe-error.js";

describe("describeError", () => {
  it("keeps the name, the message and the stack, with those of the causes", () => {
    const cause = new RangeError("too far");
    const { name, message, stack } = describeError(new TypeError("no", { cause }));
    expect({ name, message }).toEqual({ name: "TypeError", message: "no" });
    expect(stack).toMatch(/^TypeError: no\n[\s\S]*\n {2}\[cause\]: RangeError: too far\n/);
  });

  it("keeps the code, and what led to it, where a filter and a listing find it", () => {
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const both = new AggregateError([refused, Object.assign(new Error("no route"), { code: 7 })]);
    const thrown = Object.assign(new TypeError("fetch failed", { cause: both }), { code: "E_FETCH" });
    expect(describeError(thrown)).toMatchObject({
      message: "fetch failed",
      code: "E_FETCH",
      causes: ["AggregateError: refused", "Error: refused (ECONNREFUSED)", "Error: no route (7)"],
    });
    expect(describeError({ code: 42, message: "not an Error", token: "hidden" })).toEqual({
      name: "Object",
      message: "not an Error",
      code: 42,
    });
  });

  it("ends at a cause that it has seen", () => {
    const error = new Error("a");
    error.cause = error;
    expect(describeError(error).stack?.match(/Error: a/g)).toHaveLength(1);
  });

  it("cuts what is too long", () => {
    const cause = new Error("y".repeat(100_000), { cause: new Error("the root") });
    const { message, stack = "", causes } = describeError(new Error("x".repeat(100_000), { cause }));
    expect(message).toBe(`${"x".repeat(2_000)}...`);
    expect(stack.length).toBeLessThan(6_100);
    expect(stack).toContain("the root");
    expect(causes).toEqual([`Error: ${"y".repeat(500)}...`, "Error: the root"]);
  });

  it("replaces what PostgreSQL cannot store", () => {
    expect(describeError("a\0b\ud800c😀").message).toBe("a\ufffdb\ufffdc😀");
    // The cut may go through a pair.
    expect(describeError(`${"x".repeat(1_999)}😀😀`).message).toBe(`${"x".repeat(1_999)}\ufffd...`);
  });

  it("knows errors of other realms", () => {
    expect(describeError(runInNewContext("new TypeError('elsewhere')"))).toMatchObject({
      name: "TypeError",
      message: "elsewhere",
    });
  });

  it("describes whatever is thrown, and never throws itself", () => {
    const hostile = new Error("x");
    Object.defineProperty(hostile, "message", {
      get() {
        throw new Error("no");
      },
    });
    expect(describeError(hostile).message).toBe("an error without a message");
    expect(describeError("")).toEqual({ name: "string", message: "thrown: an empty string" });
    expect(describeError(undefined)).toEqual({ name: "undefined", message: "thrown: undefined" });
    expect(describeError(null)).toEqual({ name: "null", message: "thrown: null" });
    expect(describeError(7n)).toEqual({ name: "bigint", message: "thrown: 7n" });
    expect(describeError(Symbol("s"))).toEqual({ name: "symbol", message: "thrown: Symbol(s)" });
    expect(describeError(() => 1)).toEqual({ name: "Function", message: "a function" });
    expect(describeError({ secret: "hidden" })).toEqual({
      name: "Object",
      message: "an object that is no error",
    });
  });
});
