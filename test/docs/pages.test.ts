import { join } from "node:path";
import { inspect } from "node:util";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { loadSubscribers } from "../../src/registry/define-config.js";
import { testDatabase } from "../support/database.js";
import { promisedLogs } from "./example-module.js";
import { complaintsAbout, writeExamples } from "./examples.js";
import { placeOf, readPages, root } from "./markdown.js";
import { createProject } from "./project.js";

// The examples of docs/: all of them compile together, those that can run do run.
const blocks = readPages().flatMap((page) => (page.path === "README.md" ? [] : page.blocks));
const { pool, url } = await testDatabase();
process.env["DATABASE_URL"] = url;

const paths = {
  "ex-event-bus": [join(root, "src/index.ts")],
  "ex-event-bus/*": [join(root, "src/*.ts")],
};
const project = createProject({ paths });
const examples = writeExamples(project, blocks);
const pathOf = (file: string) => join(project.folder, file);

/** Every table of the application and of ours, those that `migrate` fills apart. */
async function emptyTables(): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname = 'public' or schemaname = 'event_bus' and tablename <> 'migrations'
         or schemaname = 'graphile_worker' and tablename = '_private_jobs'`,
  );
  await pool.query(`truncate ${rows.map(({ name }) => name).join(", ")} restart identity cascade`);
}

afterAll(async () => {
  const { prisma } = await import(/* @vite-ignore */ pathOf("db.ts"));
  await prisma.$disconnect();
  project.remove();
});

describe("examples", async () => {
  const output = await project.typeCheck();

  it("have no fault outside of them", () => {
    const known = new Set(examples.flatMap((example) => complaintsAbout(example, output)));
    const others = output.split("\n").filter((line) => / error /.test(line) && !/^[\w.-]+\.ts\b/.test(line));
    expect([...others, ...(output !== "" && known.size === 0 ? [output] : [])]).toEqual([]);
  });

  it.each(examples)("compile: $place", (example) => {
    expect(complaintsAbout(example, output)).toEqual([]);
  });
});

describe("the application of the pages", () => {
  it("has a configuration that loads its subscribers", async () => {
    const { default: config } = await import(/* @vite-ignore */ pathOf("ex-event-bus.config.ts"));
    const subscribers = await loadSubscribers(config);
    expect(subscribers.map(({ name }) => name)).toEqual(["send-welcome-email", "update-newsletter"]);
  });
});

describe("examples that run", () => {
  beforeEach(emptyTables);

  it.each(examples.filter(({ block }) => block.mode === "run"))("$place", async ({ block, file }) => {
    const promised = promisedLogs(block.text);
    expect(promised, "each console.log needs a comment that says what it prints").not.toContain(undefined);
    const logged: string[] = [];
    const { log } = console;
    console.log = (...values: readonly unknown[]) => {
      logged.push(values.map(describeValue).join(" "));
    };
    try {
      await import(/* @vite-ignore */ pathOf(file));
    } finally {
      console.log = log;
    }
    expect(logged).toEqual(promised);
  });
});

for (const { place, file } of examples.filter(({ block }) => block.mode === "vitest")) {
  describe(`tests of ${place}`, async () => {
    beforeAll(emptyTables);
    await import(/* @vite-ignore */ pathOf(file));
  });
}

describe("SQL", () => {
  it.each(
    blocks.filter(({ language }) => language === "sql").map((block) => ({ place: placeOf(block), ...block })),
  )("runs: $place", async ({ text }) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query(text);
    } finally {
      // Roles belong to the whole server.
      await client.query("rollback");
      client.release();
    }
  });
});

function describeValue(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { breakLength: Infinity, depth: 4 });
}
