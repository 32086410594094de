import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import type { PrismaClient } from "../../../prisma/generated/client/client.js";
import { doctor } from "../../../src/admin/doctor.js";
import { PRIVATE_STEPS, type PrivateStepName } from "../../../src/extension/prisma/steps.js";
import { eventBus } from "../../../src/index.js";
import { testDatabase } from "../../support/database.js";
import { events, rules } from "../support/events.js";
import { Ledger } from "../support/ledger.js";
import { changedClient, type Edit } from "./changed-runtime.js";
import { runtimeChanges } from "./runtime-changes.js";

const { pool } = await testDatabase();
// Each of the many clients listens for its errors.
pool.setMaxListeners(0);
const ledger = new Ledger(pool);

/** Of each step that is checked, a version of Prisma without it. */
const without: Readonly<
  Record<
    {
      [Name in PrivateStepName]: (typeof PRIVATE_STEPS)[Name]["checked"] extends "use" ? never : Name;
    }[PrivateStepName],
    readonly Edit[]
  >
> = {
  $parent: [[/"\$parent"/g, '"$origin"']],
  _runtimeDataModel: [[/_runtimeDataModel/g, "_models"]],
  inlineSchema: [[/_engineConfig/g, "_config"]],
  _clientVersion: [[/_clientVersion=\w\.clientVersion\?\?\w+/, '_clientVersion="8.0.0"']],
  _createPrismaPromise: runtimeChanges["has no _createPrismaPromise"] ?? [],
  requestTransaction: runtimeChanges["has no requestTransaction"] ?? [],
  spec: runtimeChanges["does not say what promises are called for"] ?? [],
  _createItxClient: runtimeChanges["does not make clients of transactions so"] ?? [],
  isolationLevel: [
    [
      /_engine\.transaction\("start",(\w),(\w)\)/,
      '_engine.transaction("start",$1,{...$2,isolationLevel:"Serializable"})',
    ],
  ],
  _requestHandler: [[/_requestHandler/g, "_handler"]],
  kind: runtimeChanges["has another name for interactive transactions"] ?? [],
  _request: runtimeChanges["has no _request"] ?? [],
  _executeRequest: runtimeChanges["sends what models are called for in another way"] ?? [],
  __internalParams: runtimeChanges["gives hooks no parameters of its own"] ?? [],
  dataPath: runtimeChanges["has another name for the path of fluent calls"] ?? [],
  argsMapper: runtimeChanges["ignores the mapper of arguments"] ?? [],
  lock: runtimeChanges["does not await the lock"] ?? [],
  unpacker: runtimeChanges["ignores the unpacker"] ?? [],
  answer: [[/(\w)\?\1\((\w)\):\2\}get/, "$1?$1($2):$2.length===0?{rows:$2}:$2}get"]],
  _tracingHelper: [[/_tracingHelper\.runInChildSpan/g, "_tracingHelper.inSpan"]],
};

const opened: PrismaClient[] = [];
afterAll(() => Promise.all(opened.map((client) => client.$disconnect())));

function open(edits: readonly Edit[]): PrismaClient {
  const Changed = changedClient(edits);
  const client = new Changed({ adapter: new PrismaPg(pool) });
  opened.push(client);
  return client.$extends(eventBus({ events, capture: rules })) as unknown as PrismaClient;
}

const step = (value: string) => expect.objectContaining({ code: "PRISMA_INCOMPATIBLE", value });

beforeEach(() => ledger.clear());

describe("a version of Prisma without a step that is relied on", () => {
  it.each(Object.entries(without))(
    "is refused by its name before anything is written: %s",
    async (name, edits) => {
      const create = async () =>
        await open(edits).product.create({ data: { sku: "A", title: "x", price: 1 } });
      await expect(create()).rejects.toEqual(step(name));
      await expect(create()).rejects.toThrow(PRIVATE_STEPS[name as PrivateStepName].does);
      expect(await ledger.counts('"Product"')).toEqual({ rows: 0, events: 0, jobs: 0 });
    },
  );

  it.each(["7.9.1", "6.19.0", "8.0.0", "8.0.0-rc.19"])("is refused: version %s", (version) => {
    const edit: Edit = [/_clientVersion=\w\.clientVersion\?\?\w+/, `_clientVersion="${version}"`];
    expect(() => open([edit])).toThrow(step("_clientVersion"));
  });

  it.each(["7.10.0", "7.10.0-dev.4", "7.11.2"])("is taken: version %s", (version) => {
    const edit: Edit = [/_clientVersion=\w\.clientVersion\?\?\w+/, `_clientVersion="${version}"`];
    expect(() => open([edit])).not.toThrow();
  });

  it("is told by doctor", async () => {
    const prisma = open(without.lock);
    const { findings } = await doctor(pool, { prisma });
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: "problem",
        check: "capture",
        message: expect.stringContaining('"lock"'),
      }),
    );
  });
});

describe("the list of what is relied on", () => {
  const folder = new URL("../../../src/extension/prisma/", import.meta.url);

  it.each(Object.entries(PRIVATE_STEPS))("names files that have %s in them", (name, { usedBy }) => {
    for (const file of usedBy) {
      const path = fileURLToPath(
        file.startsWith("src/") ? new URL(`../../../${file}`, import.meta.url) : new URL(file, folder),
      );
      expect(existsSync(path), file).toBe(true);
      if (!["answer"].includes(name)) expect(readFileSync(path, "utf8"), file).toContain(name);
    }
  });

  /** Names that mean nothing else in this folder. */
  const unmistakable = Object.entries(PRIVATE_STEPS).filter(
    ([name]) => /^[_$]/.test(name) || /[a-z][A-Z]/.test(name),
  );

  it.each(unmistakable)("names every file of the folder that reads %s", (name, { usedBy }) => {
    const reads = new RegExp(`(?:\\.|\\{ |, )${name.replace("$", "\\$")}\\b(?!\\?[(:])`);
    const files = readdirSync(folder).filter((file) => {
      const code = readFileSync(new URL(file, folder), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      return file !== "steps.ts" && reads.test(code);
    });
    expect(usedBy).toEqual(expect.arrayContaining(files));
  });
});
