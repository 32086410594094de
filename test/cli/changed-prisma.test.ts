import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import type { Edit } from "../extension/prisma/changed-runtime.js";
import { runtimeChanges } from "../extension/prisma/runtime-changes.js";
import { describeSchemas, emptyDatabases } from "../worker/empty-database.js";
import { buildCli } from "./built-cli.js";
import { root, tsconfig, writeApp } from "./written-app.js";

const emptyDatabase = emptyDatabases();
const cli = await buildCli();
const preload = fileURLToPath(new URL("changed-prisma.cjs", import.meta.url));
const cwd = writeApp({
  "ex-event-bus.config.ts": `
    import { PrismaPg } from "@prisma/adapter-pg";
    import { defineConfig, defineSubscriber, eventBus, eventsFor } from "ex-event-bus";
    import client from "${root}prisma/generated/client-js/index.js";

    const UserCreated = eventsFor().defineEvent("UserCreated", { model: "User" });
    const adapter = new PrismaPg({ connectionString: process.env["DATABASE_URL"] });
    const prisma = new client.PrismaClient({ adapter }).$extends(
      eventBus({ events: [UserCreated], capture: { User: { create: UserCreated } } }),
    );
    export default defineConfig({
      prisma,
      subscribers: [defineSubscriber({ name: "welcome", events: [UserCreated], handle: () => undefined })],
    });`,
  "tsconfig.json": tsconfig(),
});

function run(command: string, url: string, edits: readonly Edit[]) {
  const asText = edits.map(([found, instead]) => [found.source, found.flags, instead]);
  const env = {
    DATABASE_URL: url,
    PRISMA_EDITS: JSON.stringify(asText),
    NODE_OPTIONS: `--require=${preload}`,
  };
  return cli([command, "--log", "json"], { cwd, env });
}

/** Of each time at which a step is looked for, a version of Prisma without one. */
const changes: readonly (readonly [when: string, step: string, edits: readonly Edit[]])[] = [
  [
    "as the client is extended",
    "_createItxClient",
    runtimeChanges["does not make clients of transactions so"] ?? [],
  ],
  [
    "at a call that is not sent",
    "dataPath",
    runtimeChanges["has another name for the path of fluent calls"] ?? [],
  ],
  ["at a query", "lock", runtimeChanges["does not await the lock"] ?? []],
];
const schemas = ["event_bus", "graphile_worker"];

describe.each(["migrate", "worker"])("%s", (command) => {
  it.each(changes)(
    "refuses a Prisma in which a step is missing before it does anything: %s",
    async (_, step, edits) => {
      const { url, pool } = await emptyDatabase();
      const refused = await run(command, url, edits).result();
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(JSON.parse(refused.stderr)).toMatchObject({
        level: "error",
        error: { code: "PRISMA_INCOMPATIBLE" },
      });
      expect(refused.stderr).toContain(step);
      expect(await describeSchemas(pool, schemas)).toEqual([]);
    },
  );
});

it("a Prisma in which nothing is changed is taken", async () => {
  const { url } = await emptyDatabase();
  expect(await run("migrate", url, []).result()).toMatchObject({ code: 0, stderr: "" });
  const worker = run("worker", url, []);
  await worker.line({ message: "The worker is ready." });
  worker.kill("SIGTERM");
  expect(await worker.exit).toBe(0);
});
