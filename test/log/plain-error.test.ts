import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";

import { isError, plainError, stackText } from "../../src/log/plain-error.js";

const chainOf = (length: number) =>
  Array.from({ length }).reduce<Error>(
    (cause, _, n) => new Error(`${n + 1}`, { cause }),
    Object.assign(new Error("the root"), { code: "E_ROOT" }),
  );

it("is an error with ten of its causes and the last one, which is the reason for all", () => {
  const messages: string[] = [];
  let one: ReturnType<typeof plainError> | string | undefined = plainError(chainOf(300));
  let leftOut = 0;
  for (; typeof one === "object"; one = one.cause) {
    messages.push(one.message);
    leftOut += one.causesLeftOut ?? 0;
  }
  expect(messages).toEqual([...Array.from({ length: 11 }, (_, n) => `${300 - n}`), "the root"]);
  expect(messages.length + leftOut).toBe(301);
  expect(stackText(chainOf(300))).toMatch(/\[289 causes in between\]\n +\[cause\]: Error: the root/);
});

it("ends where a getter makes causes without an end", () => {
  class Endless extends Error {
    override get cause(): unknown {
      return new Endless("again");
    }
  }
  expect(JSON.stringify(plainError(new Endless("first"))).length).toBeLessThan(100_000);
  const [fan, ring] = [new AggregateError([], "fan"), new Error("ring")];
  const { errors } = fan;
  for (let n = 0; n < 10_000; n++) errors.push(Object.assign(new AggregateError([], `${n}`), { errors }));
  ring.cause = new Error("half", { cause: ring });
  expect(JSON.stringify(plainError(fan)).length).toBeLessThan(200_000);
  expect(plainError(fan).errors?.at(-1)).toMatch(/^and \d+ more$/);
  expect(plainError(ring)).toMatchObject({ cause: { message: "half", cause: "[again]" } });
});

it("has a limit, however long the texts are, and keeps who called what", () => {
  const huge = Object.assign(new Error("x".repeat(100_000_000)), { code: "c".repeat(1_000_000) });
  huge.name = "n".repeat(1_000_000);
  const plain = plainError(huge);
  expect(JSON.stringify(plain).length).toBeLessThan(20_000);
  expect(plain.stack).toMatch(/\n {4}at /);
});

it("says of an error without a message what is in it", () => {
  const inner = Object.assign(new Error("connect ECONNREFUSED ::1:5432"), { code: "ECONNREFUSED" });
  expect(plainError(new AggregateError([inner])).message).toBe("connect ECONNREFUSED ::1:5432");
  expect(plainError(new Error("", { cause: inner })).message).toBe("connect ECONNREFUSED ::1:5432");
  expect(plainError(Object.assign(new Error(""), { code: "E_QUOTA" })).message).toBe("code E_QUOTA");
  expect(plainError(new Error("")).message).toBe("an error without a message");
});

describe("causes that are no errors", () => {
  const causeOf = (cause: unknown) => plainError(new Error("outer", { cause })).cause;

  it.each([
    ["a text", "the real reason", "the real reason"],
    ["a number", 7, "7"],
    ["null", null, "null"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    [
      "an object with a code",
      { code: "E_TEAPOT", token: "hidden" },
      { name: "Object", message: "code E_TEAPOT", code: "E_TEAPOT" },
    ],
    [
      "an object of no class",
      Object.assign(Object.create(null), { message: "why", token: "hidden" }),
      { name: "object", message: "why" },
    ],
    [
      "an error of another realm",
      runInNewContext("Object.assign(new TypeError('elsewhere'), { code: 'E1', token: 'hidden' })"),
      { name: "TypeError", message: "elsewhere", code: "E1", stack: expect.any(String) },
    ],
    ["a list", ["hidden"], { name: "Array", message: "an object that is no error" }],
    ["a function", () => "hidden", { name: "Function", message: "a function" }],
  ])("%s", (_, cause, told) => {
    expect(causeOf(cause)).toEqual(told);
  });
});

describe("what does not let itself be looked at", () => {
  const throwing = new Proxy(new Error("hidden"), {
    get() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw new Error("no");
    },
  });
  const { proxy: revoked, revoke } = Proxy.revocable(new Error("gone"), {});
  revoke();
  const { proxy: revokedList, revoke: revokeList } = Proxy.revocable([], {});
  revokeList();
  const getters = new Error("hidden");
  // The stack first: replacing it makes V8 write it, which looks at the name.
  for (const name of ["stack", "name", "message", "code", "path", "cause", "errors"])
    Object.defineProperty(getters, name, {
      get() {
        throw new Error("no");
      },
    });

  it.each([
    ["a proxy that throws", () => throwing],
    ["a proxy that was revoked", () => revoked],
    ["getters that throw", () => getters],
    ["errors that are a revoked proxy", () => Object.assign(new Error("list"), { errors: revokedList })],
    ["an object without a prototype", () => Object.create(null)],
    ["texts that are none", () => ({ name: 1, message: {}, code: {}, stack: [], path: 7 })],
    ["a frozen error", () => Object.freeze(new Error("frozen"))],
  ])("%s", (_, make) => {
    const thrown = make();
    for (const one of [
      thrown,
      new Error("around", { cause: thrown }),
      new AggregateError([thrown], "around"),
    ]) {
      const { name, message } = plainError(one);
      expect([typeof name, typeof message, name !== "", message !== ""]).toEqual([
        "string",
        "string",
        true,
        true,
      ]);
      expect(stackText(one)).not.toContain("hidden");
    }
    expect(typeof isError(thrown)).toBe("boolean");
  });

  it("keeps everything else of an error one of whose getters throws", () => {
    const error = Object.assign(new TypeError("said"), { code: "E1" });
    Object.defineProperty(error, "stack", {
      get() {
        throw new Error("no");
      },
    });
    expect(plainError(error)).toEqual({ name: "TypeError", message: "said", code: "E1" });
  });
});

it("says of an error that leads back to itself that it comes again, however often it does", () => {
  const all = new AggregateError([], "all");
  all.errors.push(...Array<Error>(5).fill(all), new Error("inner", { cause: all }));
  all.cause = all;
  expect(plainError(all)).toMatchObject({
    cause: "[again]",
    errors: [...Array<string>(5).fill("[again]"), { message: "inner", cause: "[again]" }],
  });
});

it("is text with the stacks of causes and of the errors of an AggregateError", () => {
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED", password: "hidden" });
  const error = new AggregateError([refused, "a text"], "all", { cause: new TypeError("why") });
  const text = stackText(error);
  expect(text).toMatch(
    /^AggregateError: all\n {4}at [\s\S]+\n {2}\[cause\]: TypeError: why\n {6}at [\s\S]+\n {2}\[errors\] 0: Error: refused\n {6}at [\s\S]+\n {4}code: ECONNREFUSED\n {2}\[errors\] 1: a text$/,
  );
  expect(text).not.toContain("hidden");
});
