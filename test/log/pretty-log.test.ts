import { expect, it } from "vitest";

import { prettyLogger, prettyReport } from "../../src/log/pretty-log.js";
import { delivery } from "./delivery.js";

const lines: string[] = [];
const write = (line: string) => void lines.push(line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ""));
const written = (act: () => void) => {
  lines.length = 0;
  act();
  return [...lines];
};

it("writes a line for each delivery", () => {
  const report = prettyReport(write, { colors: false });
  const error = new Error("no\n  mail server");
  expect(
    written(() => {
      report(delivery("delivered"));
      report(delivery("delivered", { attempt: 3, aggregateType: null }));
      report(delivery("delivered", { aggregateType: null, aggregateKey: null }));
      report(delivery("retrying", { dueMs: 800, error }));
      report(delivery("retrying", { dueMs: 1_540, error }));
      report(delivery("retrying", { dueMs: 245_000, error: "text" }));
      report(delivery("dead", { attempt: 20, error: undefined }));
      report(delivery("snoozed", { dueMs: 5_400_000 }));
      report(delivery("cancelled"));
      report(delivery("stale"));
    }),
  ).toEqual([
    "✓ mails UserRegistered User 17 12 ms",
    "✓ mails UserRegistered 17 12 ms attempt 3/20",
    "✓ mails UserRegistered 12 ms",
    "✗ mails UserRegistered User 17 12 ms attempt 1/20 retrying (again in 800 ms) Error: no mail server",
    "✗ mails UserRegistered User 17 12 ms attempt 1/20 retrying (again in 1.5 s) Error: no mail server",
    "✗ mails UserRegistered User 17 12 ms attempt 1/20 retrying (again in 4 min) text",
    "✗ mails UserRegistered User 17 12 ms attempt 20/20 dead thrown: undefined",
    "↻ mails UserRegistered User 17 12 ms snoozed (again in 1.5 h)",
    "− mails UserRegistered User 17 12 ms cancelled",
  ]);
});

it("names the first cause of an error in the line, unless the message has it", () => {
  const cause = Object.assign(new Error("connect\n refused"), { code: "ECONNREFUSED" });
  const errors = [
    new TypeError("fetch failed", { cause: new Error("bad port") }),
    new TypeError("fetch failed", { cause: new AggregateError([cause, new Error("no route")]) }),
    new AggregateError([cause, new Error("no route")], "all addresses failed"),
    new Error("no mail", { cause: "a text" }),
    new Error("no mail: Error: bad port", { cause: new Error("bad port") }),
    new Error("", { cause: new Error("bad port") }),
  ];
  const expected = [
    "TypeError: fetch failed <- Error: bad port",
    "TypeError: fetch failed <- AggregateError: connect refused",
    "AggregateError: all addresses failed <- Error: connect refused (ECONNREFUSED)",
    "Error: no mail <- a text",
    "Error: no mail: Error: bad port",
    "Error: bad port",
  ];
  const [report, logger] = [prettyReport(write, { colors: false }), prettyLogger(write, { colors: false })];
  const writtenOfEach = (act: (error: Error) => void) => written(() => errors.forEach(act));
  const head = "✗ mails UserRegistered User 17 12 ms attempt 1/20";
  expect(writtenOfEach((error) => report(delivery("dead", { error })))).toEqual(
    expected.map((text) => `${head} dead ${text}`),
  );
  expect(writtenOfEach((error) => report(delivery("retrying", { error, dueMs: 800 })))).toEqual(
    expected.map((text) => `${head} retrying (again in 800 ms) ${text}`),
  );
  expect(writtenOfEach((error) => logger.error("Failed.", { error }))).toEqual(
    expected.map((text) => `✗ Failed. error=${text}`),
  );
});

it("writes other reports and lines with their fields", () => {
  const options = { colors: false };
  expect(
    written(() => {
      prettyReport(write, options)({ type: "recover:stop", worker: "w", durationMs: 65 });
      prettyLogger(write, options).debug("not written");
      prettyLogger(write, options).error("Failed.", { error: new TypeError("no"), ids: [1, 2] });
      prettyLogger(write, { ...options, debug: true }).debug("written");
    }),
  ).toEqual([
    "i The connection to the database is back. worker=w durationMs=65",
    "✗ Failed. error=TypeError: no ids=[ 1, 2 ]",
    "· written",
  ]);
});

it("shows the stacks of errors beneath their lines for debugging, and only then", () => {
  const error = new TypeError("no", { cause: new Error("no mail server") });
  const linesOf = (debug: boolean) =>
    written(() => {
      const options = { colors: false, debug };
      prettyReport(write, options)(delivery("dead", { error }));
      prettyReport(write, options)(delivery("delivered"));
      prettyLogger(write, options).error("Failed.", { error, n: 1 });
    });
  const heads = [
    "✗ mails UserRegistered User 17 12 ms attempt 1/20 dead TypeError: no <- Error: no mail server",
    "✓ mails UserRegistered User 17 12 ms",
    "✗ Failed. error=TypeError: no <- Error: no mail server n=1",
  ];
  expect(linesOf(false)).toEqual(heads);
  const [dead, delivered, failed] = linesOf(true);
  const stack =
    /\n {4}TypeError: no\n {8}at .*pretty-log\.test\.ts[\s\S]*\n {6}\[cause\]: Error: no mail server\n/;
  expect(dead).toMatch(stack);
  expect(failed).toMatch(stack);
  expect([dead?.split("\n")[0], delivered, failed?.split("\n")[0]]).toEqual(heads);
});

it("uses colours when it is told to", () => {
  expect(written(() => prettyReport(write, { colors: true })(delivery("delivered")))[0]).toContain(
    "\u001b[32m✓",
  );
});
