import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { testDatabase } from "../support/database.js";
import { commandsOf, findCommandFault } from "./commands.js";
import { type Block, placeOf, readPages } from "./markdown.js";
import { Output, withoutChances } from "./output.js";
import { createProject } from "./project.js";

// README.md as a reader follows it: its files in an empty folder, its commands one after the other, with the built
// package and a real worker process. Then the commands of docs/, in the same folder.
const pages = readPages();
const readme = pages.filter(({ path }) => path === "README.md").flatMap(({ blocks }) => blocks);
const { pool, url } = await testDatabase();
const project = createProject({});

const env: NodeJS.ProcessEnv = {
  // Only in the file .env, as README.md says.
  DATABASE_URL: undefined,
  NO_COLOR: "1",
  // `prisma generate` only asks whether the engine is there; without this it would download it.
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: "1",
  CHECKPOINT_DISABLE: "1",
};
let worker: Output | undefined;
let last = "";

beforeAll(async () => {
  project.write(".env", `DATABASE_URL="${url}"\n`);
  for (const { title, text } of readme) if (title !== undefined) project.write(title, text);
  // The application's own table, and nothing of ours.
  await pool.query("drop schema event_bus cascade; drop schema graphile_worker cascade");
  await pool.query('create table "User" (id serial primary key, email text not null unique, name text)');
  const generated = await project.npx(["prisma", "generate", "--no-hints"], env);
  if (generated.exitCode !== 0) throw new Error(generated.output);
});

afterAll(async () => {
  await worker?.stop();
  project.remove();
});

/** Runs a command to its end; a worker until it is ready. */
async function runCommand(words: readonly string[]): Promise<void> {
  if (words[0] !== "npx") throw new Error(`only commands of npx are run, not "${words.join(" ")}"`);
  const [program = "", ...args] = words.slice(1);
  // On a terminal this is what it does by itself.
  const shown = program === "ex-event-bus" && !args.includes("--log") ? ["--log", "pretty", ...args] : args;
  if (program === "ex-event-bus" && args.includes("worker")) {
    expect(worker, "one worker is enough").toBeUndefined();
    worker = new Output(project.start([program, ...shown], env));
    await worker.waitFor("The worker is ready.");
    return;
  }
  const { exitCode, output } = await project.npx([program, ...shown], env);
  last = output;
  expect(exitCode, output).toBe(0);
}

async function checkShell(block: Block): Promise<void> {
  for (const words of commandsOf(block.text)) {
    if (block.mode === "run") await runCommand(words);
    else expect(findCommandFault(words), words.join(" ")).toBeUndefined();
  }
}

/** What the last command or the worker has written, each line as it stands there. */
async function checkOutput(block: Block): Promise<void> {
  const lines = withoutChances(block.text).trimEnd().split("\n");
  const written = withoutChances(last);
  for (const line of lines) if (!written.includes(line)) await worker?.waitFor(line);
  if (worker === undefined) expect(written).toContain(lines.join("\n"));
}

describe("README.md", () => {
  it("has files that compile", async () => {
    expect(await project.typeCheck()).toBe("");
  });
});

describe("commands and their output", () => {
  const steps = pages
    .flatMap(({ blocks }) => blocks)
    .filter(({ language, mode }) => language === "sh" || mode === "output");
  it.each(steps.map((block) => ({ place: placeOf(block), block })))("$place", async ({ block }) => {
    await (block.language === "sh" ? checkShell(block) : checkOutput(block));
  });
});

describe("the worker of README.md", () => {
  it("ends with 0 when it is told to", async () => {
    expect(await worker?.stop()).toBe(0);
  });
});
