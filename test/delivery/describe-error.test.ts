import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { describeError } from "../../src/delivery/describe-error.js";

describe("describeError", () => {
  it("keeps the name, the message and the stack, with those of the causes", () => {
    const cause = new RangeError("too far");
    const { name, message, stack } = describeError(new TypeError("no", { cause }));
    expect({ name, message }).toEqual({ name: "TypeError", message: "no" });
    expect(stack).toMatch(/^TypeError: no\n[\s\S]*\nCaused by: RangeError: too far\n/);
  });

  it("ends at a cause that it has seen", () => {
    const error = new Error("a");
    error.cause = error;
    expect(describeError(error).stack?.match(/Error: a/g)).toHaveLength(1);
  });

  it("cuts what is too long", () => {
    const { message, stack = "" } = describeError(new Error("x".repeat(100_000)));
    expect(message).toHaveLength(2_001);
    expect(stack).toHaveLength(4_001);
  });

  it("replaces what PostgreSQL cannot store", () => {
    expect(describeError("a\0b\ud800c😀").message).toBe("a\ufffdb\ufffdc😀");
    // The cut may go through a pair.
    expect(describeError(`${"x".repeat(1_999)}😀😀`).message).toBe(`${"x".repeat(1_999)}\ufffd…`);
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
    expect(describeError(hostile).message).toBe("an error was thrown that cannot be described");
    expect(describeError("")).toEqual({ name: "string", message: "thrown: ''" });
    expect(describeError(7n)).toEqual({ name: "bigint", message: "thrown: 7n" });
    expect(describeError(Symbol("s"))).toEqual({ name: "symbol", message: "thrown: Symbol(s)" });
    expect(describeError(() => 1).message).toBe("thrown: [Function (anonymous)]");
  });
});
