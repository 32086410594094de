import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

import { subscribe } from "../../src/testing/subscribe.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url, pool, subscriber, publish } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({
  "ex-event-bus.config.mjs": `export default {
    prisma: { $describeCapture: () => ({ events: ["UserCreated"], models: [{
      model: "User", create: ["UserCreated"], update: [], delete: [], omitted: ["password"], masked: ["email"],
      notCaptured: ["update: no rule", "delete: no rule"] }] }) },
    subscribers: [] }`,
});

const run = (...args: string[]) => cli(["doctor", ...args], { cwd, env: { DATABASE_URL: url } }).result();

it("doctor lists what is captured, and fails when there is a problem", async () => {
  const well = await run();
  expect(well).toMatchObject({ code: 0, stderr: "" });
  expect(well.stdout).toBe(
    [
      "No problem was found.",
      "",
      "model  create       update  delete  omitted (-), masked (~)  not captured",
      "User   UserCreated                  -password, ~email        update: no rule; delete: no rule",
      "",
      "Never seen: raw SQL, clients without the extension, triggers and other programs.",
      "",
    ].join("\n"),
  );
  await subscribe({ client: pool, subscribers: [subscriber("gone", () => undefined)] });
  await publish(1);
  const ill = await run();
  expect(ill).toMatchObject({ code: 1, stderr: "" });
  expect(ill.stdout).toMatch(/^problem {2}Deliveries wait for "gone"/);
  const json = await run("--json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    findings: [{ level: "problem", check: "workers" }, { level: "warning" }],
    models: [{ model: "User", omitted: ["password"] }],
  });
});

it("doctor warns of a graphile-worker whose statements are not known", async () => {
  await pool.query("truncate event_bus.subscriptions, event_bus.events, event_bus.deliveries");
  const future = fileURLToPath(new URL("../worker/graphile/future-version.cjs", import.meta.url));
  const env = { DATABASE_URL: url, NODE_OPTIONS: `--require=${future}` };
  const found = await cli(["doctor"], { cwd, env }).result();
  expect(found).toMatchObject({ code: 0, stderr: "" });
  const line = (verb: string) =>
    `warning  The installed graphile-worker ${verb} jobs by a statement that this version of ex-event-bus does not know: it still makes ` +
    "deliveries, with one more statement for each. It knows the statements of 0.17.3 and 0.18.0.";
  expect(found.stdout.split("\n").slice(0, 2)).toEqual([line("takes"), line("deletes")]);
});

it.each([
  [
    "a configuration that throws",
    "throw new Error('broken on purpose')",
    "configuration",
    /broken on purpose/,
  ],
  [
    "a configuration that is not valid",
    "export default { prisma: {}, subscribers: 7 }",
    "configuration",
    /subscribers/,
  ],
  [
    "a database that does not answer",
    "export default { prisma: {}, subscribers: [], database: { url: 'postgresql://nobody@127.0.0.1:1/none' } }",
    "database",
    /127\.0\.0\.1:1/,
  ],
  [
    "a schema that is not there",
    "export default { prisma: {}, subscribers: [], database: { schema: 'elsewhere' } }",
    "database",
    /not installed in schema "elsewhere"/,
  ],
])("doctor reports %s as what it has found", async (_, config, check, message) => {
  const broken = writeApp({ "ex-event-bus.config.mjs": config });
  const there = (...args: string[]) =>
    cli(["doctor", ...args], { cwd: broken, env: { DATABASE_URL: url } }).result();
  const json = await there("--json");
  expect(json).toMatchObject({ code: 1, stderr: "" });
  expect(JSON.parse(json.stdout)).toEqual({
    findings: [{ level: "problem", check, message: expect.stringMatching(message) }],
    models: null,
  });
  expect((await there()).stdout).toMatch(/^problem {2}/);
});
