import { expect, it } from "vitest";

import { plainError, stackText } from "../../src/log/plain-error.js";

it("is an error with ten of its causes", () => {
  const last = new Error("0");
  const long = Array.from({ length: 20 }).reduce<Error>(
    (cause, _, n) => new Error(`${n + 1}`, { cause }),
    last,
  );
  const messages: string[] = [];
  for (
    let one: ReturnType<typeof plainError> | string | undefined = plainError(long);
    typeof one === "object";
    one = one.cause
  )
    messages.push(one.message);
  expect(messages).toEqual(Array.from({ length: 11 }, (_, n) => `${20 - n}`));
});

it("says of an error that leads back to itself that it comes again, however often it does", () => {
  const all = new AggregateError([], "all");
  all.errors.push(...Array<Error>(50).fill(all), new Error("inner", { cause: all }));
  all.cause = all;
  expect(plainError(all)).toMatchObject({
    cause: "[again]",
    errors: [...Array<string>(50).fill("[again]"), { message: "inner", cause: "[again]" }],
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
