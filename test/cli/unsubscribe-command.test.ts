import { expect, it } from "vitest";

import { subscribe } from "../../src/testing/subscribe.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { tsconfig, writeApp } from "./written-app.js";

const { url, pool, subscriber } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({
  "tsconfig.json": tsconfig(),
  "ex-event-bus.config.ts": `
    import { defineEvent, defineSubscriber } from "ex-event-bus";
    import { z } from "zod";
    const Ping = defineEvent("Ping", { schema: z.object({ n: z.number() }) });
    const kept = defineSubscriber({ name: "kept", events: [Ping], handle: () => undefined });
    export default { prisma: {}, subscribers: [kept] }`,
  "broken.config.mjs":
    'export default { prisma: {}, subscribers: () => Promise.reject(new Error("not here")) }',
});
const unsubscribe = (...args: string[]) =>
  cli(["unsubscribe", ...args], { cwd, env: { DATABASE_URL: url } }).result();

it("says that the configuration still has the subscriber, whose subscriptions come back", async () => {
  const subscribers = ["kept", "gone"].map((name) => subscriber(name, () => undefined));
  await subscribe({ client: pool, subscribers });
  expect(await unsubscribe("gone")).toEqual({
    code: 0,
    stdout: '"gone" does not receive Ping any more.\n',
    stderr: "",
  });
  const { code, stdout, stderr } = await unsubscribe("kept", "Ping", "--json");
  expect({ code, printed: JSON.parse(stdout) }).toEqual({
    code: 0,
    printed: { subscriber: "kept", events: ["Ping"] },
  });
  expect(stderr).toBe(
    'warning: the configuration still has "kept" with Ping: the next worker or migrate subscribes it again. ' +
      "Take it out of the configuration first, and deploy that\n",
  );
});

it("needs no subscribers of the configuration", async () => {
  await subscribe({ client: pool, subscribers: [subscriber("gone", () => undefined)] });
  expect(await unsubscribe("gone", "--config", "broken.config.mjs")).toMatchObject({ code: 0, stderr: "" });
});
