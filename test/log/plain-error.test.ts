import { expect, it } from "vitest";

import { plainError, stackText } from "../../src/log/plain-error.js";

it("is an error with its causes, and ends where they never do", () => {
  const endless = new Error("endless");
  endless.cause = endless;
  let [one, depth] = [plainError(endless), 0];
  for (; typeof one.cause === "object"; depth++) one = one.cause;
  expect(depth).toBe(10);
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
