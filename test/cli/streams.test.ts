import { expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url } = await testDatabase();
const cli = await buildCli();
const cwd = writeApp({
  "ex-event-bus.config.mjs": `
    console.log("the configuration is loaded");
    process.stdout.write("and says so\\n", "utf8", () => undefined);
    export default { prisma: {}, subscribers: [] };`,
  "invalid.config.mjs": "export default { prisma: {}, subscribers: [], workers: {} };",
  "broken.config.mjs": `throw Object.assign(new Error("no secret"), { headers: { authorization: "Bearer x" } });`,
});
const run = (...args: string[]) => cli(args, { cwd, env: { DATABASE_URL: url } }).result();
const chatter = "the configuration is loaded\nand says so\n";

it("what the configuration prints goes to the error output while JSON is asked for", async () => {
  const { code, stdout, stderr } = await run("status", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: chatter });
  expect(JSON.parse(stdout)).toEqual({ subscribers: [], workers: [] });
});

it("what it prints goes where it always goes elsewhere", async () => {
  const { code, stdout, stderr } = await run("events");
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: `${chatter}There are no such events.\n`,
    stderr: "",
  });
});

it("what ends a command is a line of JSON with --log json", async () => {
  const { code, stdout, stderr } = await run("--log", "json", "worker", "--config", "broken.config.mjs");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse(stderr)).toMatchObject({
    time: expect.stringMatching(/Z$/),
    level: "error",
    message: expect.stringContaining("broken.config.mjs:1: no secret"),
    error: { code: "CONFIG_NOT_LOADED", cause: { message: "no secret", stack: expect.any(String) } },
  });
  expect(JSON.parse(stderr).error).not.toHaveProperty("stack");
  expect(stderr).not.toContain("Bearer");
});

it.each([
  [["--config", "nope.ts"], "CONFIG_NOT_LOADED", /^The configuration .*nope\.ts does not exist\./],
  [["--config", "invalid.config.mjs"], "INVALID_OPTION", /^invalid\.config\.mjs: unknown option "workers"/],
])("its own refusal has its steps in that line with --verbose only: %j", async (args, code, message) => {
  const failure = async (...more: string[]) => {
    const { code: exit, stdout, stderr } = await run("migrate", ...args, ...more);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    const line = JSON.parse(stderr);
    expect(line).toMatchObject({
      ...{ level: "error", message: expect.stringMatching(message) },
      error: { name: "EventBusError", code, message: line.message },
    });
    return { stderr, stack: line.error.stack };
  };
  expect((await failure()).stderr).not.toMatch(/"stack":|\\n {4}at /);
  expect((await failure("--verbose")).stack).toMatch(/^EventBusError: .*\n {4}at /);
});

it.each([
  [["worker", "--verbos", "--log", "json"], 'unknown option "--verbos": did you mean "--verbose"?'],
  [["--log=json", "dead", "list", "--limit"], "option '--limit <count>' argument missing"],
  [
    ["--log", "json", "events", "--limit", "many"],
    "option '--limit <count>' argument 'many' is invalid. Expected a whole number, 0 or more.",
  ],
  [["--log", "json", "statsu"], "unknown command 'statsu'\n(Did you mean status?)"],
  [["--log", "json"], expect.stringMatching(/^"ex-event-bus" needs a command: expected one of "worker", /)],
  // Its log is JSON by itself where its output is no terminal.
  [["worker", "--health-port", "x"], expect.stringMatching(/ 'x' is invalid\. Expected a port, /)],
])("what is wrong with the arguments is a line of JSON: %j", async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse(stderr)).toMatchObject({
    ...{ level: "error", message, time: expect.stringMatching(/Z$/) },
    error: { name: "EventBusError", code: "INVALID_OPTION", message },
  });
  expect(JSON.parse(stderr).error).not.toHaveProperty("stack");
});

it.each(["worker", "migrate"])(
  "what ends %s is a line of JSON where its log is JSON by itself",
  async (name) => {
    const json = await run(name, "--config", "broken.config.mjs");
    expect(json).toMatchObject({ code: 1, stdout: "" });
    expect(JSON.parse(json.stderr)).toMatchObject({ level: "error", error: { code: "CONFIG_NOT_LOADED" } });
    const pretty = await run(name, "--config", "broken.config.mjs", "--log", "pretty");
    expect(pretty.stderr).toMatch(/^error: The configuration .* \(CONFIG_NOT_LOADED\)\n$/s);
  },
);

it("the help of every command has the options of the program", async () => {
  const { stdout } = await run("dead", "list", "--help");
  expect(stdout).toContain("--subscriber <name...>");
  expect(stdout).toMatch(/Global Options:.*--config <file>.*--log <format>.*--verbose/s);
});
