import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { outcomeOf } from "../support/outcome.js";
import { runGenerate } from "../support/schema-client.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const app = fileURLToPath(new URL("app/", import.meta.url));
const MODELS = 300;

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ex-event-bus-declarations-")));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "schema.prisma"), largeSchema());
  for (const file of ["events.ts", "db.ts"]) cpSync(join(app, file), join(folder, file));
  runGenerate(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

// Of the two compilers it is the older one that gives up on long types (TS7056).
describe(`the declarations of an application with ${MODELS} models`, () => {
  it("name the types of extended clients instead of writing them out", async () => {
    const emit = { declaration: true, emitDeclarationOnly: true, rootDir: ".", outDir: "declared" };
    expect(await compile("typescript5", ["db.ts"], emit)).toBe("");
    const clients = readFileSync(join(folder, "declared/db.d.ts"), "utf8").split(/^export declare const /m);
    for (const name of ["prisma", "below", "above"]) {
      const written = clients.find((client) => client.startsWith(`${name}: `));
      expect(written).toContain('import("ex-event-bus").WriteMethods<');
      expect(written).not.toContain("createMany");
    }
    expect(clients.find((client) => client.startsWith("prisma: "))?.length).toBeLessThan(3000);
  });

  it("say all of it to another program", async () => {
    cpSync(join(app, "consumer.ts"), join(folder, "declared/consumer.ts"));
    expect(await compile("typescript", ["declared/consumer.ts"], { noEmit: true })).toBe("");
  });
});

/** What the compiler complains about. */
async function compile(compiler: string, files: readonly string[], options: object): Promise<string> {
  const project = join(folder, `tsconfig.${compiler}.json`);
  const compilerOptions = {
    ...{ target: "es2022", module: "nodenext", strict: true, types: ["node"], skipLibCheck: true },
    paths: { "ex-event-bus": [join(root, "dist/types/index.d.ts")] },
    ...options,
  };
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  const tsc = join(root, "node_modules", compiler, "bin/tsc");
  return (await outcomeOf(run(process.execPath, [tsc, "-p", project], { cwd: folder }))).output;
}

/** A tree of models: each belongs to another, and has up to ten of others. */
function largeSchema(): string {
  const parentOf = (id: number) => Math.floor((id - 1) / 10);
  const models = Array.from({ length: MODELS }, (_, id) => {
    const parent = `parentId Int\n  parent Model${parentOf(id)} @relation(fields: [parentId], references: [id])`;
    const children = Array.from({ length: MODELS - 1 }, (__, index) => index + 1)
      .filter((child) => parentOf(child) === id)
      .map((child) => `of${child} Model${child}[]`);
    const fields = ["id Int @id @default(autoincrement())", "code String", ...(id > 0 ? [parent] : [])];
    return `model Model${id} {\n  ${[...fields, ...children].join("\n  ")}\n}\n`;
  });
  return `generator client {
  provider = "prisma-client"
  output   = "./generated"
}

datasource db {
  provider = "postgresql"
}

${models.join("\n")}`;
}
