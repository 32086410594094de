import { describe, expect, it } from "vitest";

import { subscribe } from "../../src/testing/subscribe.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { asTerminal, buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url, pool, publish, subscriber } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({
  "ex-event-bus.config.mjs": `export default { prisma: {}, subscribers: [], retention: { default: 0 } }`,
});
type Streams = Parameters<typeof asTerminal>[0];
const start = (terminal: Streams, args: readonly string[], columns?: number) =>
  cli(args, { cwd, env: { DATABASE_URL: url, ...asTerminal(terminal, columns) } });
const countEvents = async () => (await pool.query("select from event_bus.events")).rowCount;

describe("what cannot be undone", () => {
  it.each<[string, Streams]>([
    ["the standard input", ["stdout", "stderr"]],
    ["the error output", ["stdin", "stdout"]],
  ])("is not pruned on a terminal where %s is none, unless it is told twice", async (_what, terminal) => {
    await publish(2);
    expect(await start(terminal, ["prune"]).result()).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "error: prune cannot be undone, and there is no terminal to ask on: expected --yes, or --dry-run to see what it would do (INVALID_OPTION)\n",
    });
    expect(await countEvents()).toBe(2);
    expect(await start(terminal, ["prune", "--dry-run"]).result()).toMatchObject({ code: 0 });
    expect(await start([], ["prune"]).result()).toMatchObject({ code: 0, stdout: "2 events are deleted.\n" });
  });

  it.each([
    [["prune"], "Delete 2 events with their deliveries forever?", "Nothing was deleted."],
    [
      ["erase", "Pong", "1"],
      "Erase 1 event of Pong 1 forever, and cancel 0 deliveries?",
      "Nothing was erased.",
    ],
  ])("is not done when the answer is no: %j", async (args, question, otherwise) => {
    await publish(2);
    await pool.query("update event_bus.events set aggregate_type = 'Pong'");
    const asked = start(["stdin", "stderr"], args);
    await eventually(() => expect(asked.stderr).toContain(`${question} [y/N] `));
    asked.answer("n");
    const { code, stdout, stderr } = await asked.result();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`\\n${otherwise}\\n$`));
    expect(stderr).not.toContain("error");
    expect(await countEvents()).toBe(2);
  });
});

it("prune takes an age in the short forms", async () => {
  await publish(1);
  await pool.query("update event_bus.events set occurred_at = occurred_at - interval '2 minutes'");
  for (const [age, events] of [
    ["1m", 1],
    ["150s", 0],
    ["3 hours", 0],
  ] as const) {
    const { stdout } = await start([], ["prune", "--older-than", age, "--dry-run", "--json"]).result();
    expect(JSON.parse(stdout)).toMatchObject({ events });
  }
});

describe("a list that ends at its limit", () => {
  const note = (which: string) => `\n(${which}; more with --limit)\n`;

  it("says so, but to people alone", async () => {
    await publish(2);
    const list = async (terminal: Streams, ...args: string[]) =>
      (await start(terminal, ["events", ...args]).result()).stdout;
    expect(await list(["stdout"], "--limit", "2")).toContain(note("the last 2"));
    expect(await list(["stdout"], "--limit", "1")).toContain(note("the last one"));
    // Later, while transactions of other databases run on the server.
    await eventually(async () =>
      expect(await list(["stdout"], "--after", "0", "--limit", "2")).toContain(note("the first 2")),
    );
    expect(await list(["stdout"])).not.toContain("--limit");
    expect(await list([], "--limit", "2")).not.toContain("--limit");
    expect(JSON.parse(await list(["stdout"], "--limit", "2", "--json"))).toHaveLength(2);
  });
});

it("status has no room for what is zero everywhere, and names subscribers in full", async () => {
  const name = "send-welcome-email-to-customers";
  await subscribe({ client: pool, subscribers: [subscriber(name, () => undefined)] });
  await publish(1);
  const { stdout } = await start(["stdout"], ["status"], 100).result();
  const [head = "", row, note] = stdout.split("\n");
  expect(head.split(/ {2,}/)).toEqual([
    "subscriber",
    "application",
    "waiting",
    "dead",
    "oldest open",
    "per minute",
    "workers",
  ]);
  expect(row).toMatch(new RegExp(`^${name}  default `));
  expect(note).toBe("(no room for: running, retrying, snoozed, paused; --json prints everything)");
});
