import { expect, it } from "vitest";

import { EventBusError } from "../../src/errors.js";
import { jsonLogger } from "../../src/log/json-log.js";

const write = (fields?: Record<string, unknown>, options = {}) => {
  const lines: string[] = [];
  const log = jsonLogger((line) => lines.push(line), options);
  log.debug("debug");
  log.info("Sent.", fields);
  return lines.map((line) => JSON.parse(line));
};

it("writes the time, the level, the message and the fields", () => {
  expect(write({ to: "ann", attempt: 2 })).toEqual([
    { time: expect.stringMatching(/^\d{4}-.*Z$/), level: "info", message: "Sent.", to: "ann", attempt: 2 },
  ]);
});

it("keeps time, level and message, whatever the fields are called", () => {
  expect(write({ level: 7, message: "mine", time: "never", own: 1 })).toEqual([
    { time: expect.stringMatching(/^\d{4}-/), level: "info", message: "Sent.", own: 1 },
  ]);
});

it("writes debugging lines only when it is told to", () => {
  expect(write({}, { debug: true }).map(({ level }) => level)).toEqual(["debug", "info"]);
});

it("writes errors with their cause and code, and what JSON has no form for as text", () => {
  const cause = new Error("connection reset");
  const error = Object.assign(new TypeError("no", { cause }), { code: "E1" });
  expect(write({ error, big: 10n, handler: function handle() {} })).toMatchObject([
    {
      error: {
        name: "TypeError",
        message: "no",
        code: "E1",
        stack: expect.any(String),
        cause: { message: "connection reset" },
      },
      big: "10",
      handler: "[function handle]",
    },
  ]);
});

it("writes something whatever it is given", () => {
  const cycle: Record<string, unknown> = { name: "cycle" };
  cycle["self"] = cycle;
  const throws = {
    toJSON() {
      throw new Error("no");
    },
  };
  expect(write({ cycle })).toMatchObject([{ cycle: { name: "cycle", self: "[again]" } }]);
  expect(write({ throws })).toMatchObject([{ message: "Sent.", fields: "cannot be written as JSON" }]);
});

it("writes nothing of errors that clients of HTTP APIs and drivers put on them", () => {
  const cause = Object.assign(new Error("401"), { config: { headers: { Authorization: "Bearer hidden" } } });
  const inner = Object.assign(new Error("refused"), {
    options: { password: "hidden" },
    code: "ECONNREFUSED",
  });
  const all = Object.assign(new AggregateError([inner, { password: "hidden" }], "no", { cause }), {
    request: { body: "hidden" },
    code: { text: "hidden" },
  });
  const thrown = new Error("no", { cause: { password: "hidden" } });
  const option = new EventBusError("INVALID_OPTION", "no", { value: "hidden", path: "database" });
  const lines = write({ error: all, of: thrown, option });
  expect(JSON.stringify(lines)).not.toContain("hidden");
  expect(lines).toMatchObject([
    {
      error: {
        cause: { message: "401" },
        errors: [
          { message: "refused", code: "ECONNREFUSED" },
          { name: "Object", message: "an object that is no error" },
        ],
      },
      of: { cause: { name: "Object", message: "an object that is no error" } },
      option: { code: "INVALID_OPTION", path: "database" },
    },
  ]);
  expect(option.value).toBe("hidden");
});
