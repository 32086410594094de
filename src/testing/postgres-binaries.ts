import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

import { EventBusError } from "../errors.js";
import type { NativeFolder } from "./postgres-native.js";
import { asUser, canReach, type ProcessUser } from "./postgres-user.js";

/** Where `initdb` and `postgres` are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Binaries that `user` can run. If npm has run no install scripts, the symbolic links between the libraries are missing: they are
 * created. If `user` may not enter the folder of the package, a copy in the temporary folder is used.
 */
export function prepareBinaries(
  { native, version }: NativeFolder,
  user: ProcessUser | undefined,
): PostgresBinaries {
  try {
    linkLibraries(native);
  } catch {
    // node_modules is read-only. The copy below gets the links.
  }
  if (problemOf(native, user) === undefined) return binariesIn(native);

  const copy = join(sharedFolder(user), `ex-event-bus-postgres-${version}-${process.getuid?.() ?? "user"}`);
  if (!existsSync(copy) || !isOurs(copy) || problemOf(copy, user) !== undefined) copyNative(native, copy);
  const problem = problemOf(copy, user);
  if (problem === undefined) return binariesIn(copy);
  throw new EventBusError(
    "DATABASE_UNREACHABLE",
    `The embedded PostgreSQL in ${native} does not run on this machine (${platform()} ${arch()}, as ` +
      `${user?.name ?? "the current user"}): ${problem}. Use another PostgreSQL server instead, by its URL.`,
    { value: native },
  );
}

/** A folder for temporary files that `user` may enter. */
export function sharedFolder(user: ProcessUser | undefined): string {
  const folders = [tmpdir(), "/tmp", "/var/tmp"].filter((folder) => existsSync(folder));
  return folders.find((folder) => canReach(folder, user)) ?? tmpdir();
}

function binariesIn(native: string): PostgresBinaries {
  const suffix = platform() === "win32" ? ".exe" : "";
  return {
    initdb: join(native, "bin", `initdb${suffix}`),
    postgres: join(native, "bin", `postgres${suffix}`),
  };
}

/** Why the binaries do not run; undefined if they do. Only running them checks permissions, libraries and the C library. */
function problemOf(native: string, user: ProcessUser | undefined): string | undefined {
  for (const binary of Object.values(binariesIn(native)) as string[]) {
    const run = spawnSync(binary, ["--version"], { ...asUser(user), cwd: "/", encoding: "utf8" });
    if (run.error) return run.error.message;
    if (run.status !== 0) return `${binary} --version: ${run.stderr.trim() || `exit code ${run.status}`}`;
  }
  return undefined;
}

/** Creates the symbolic links that the install script of the package creates: npm packages cannot contain any. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(native, "..", target);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(target), source), path);
    } catch (error) {
      // Another process has created the link meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function copyNative(native: string, copy: string): void {
  // The copy gets its name when it is complete, so that no other process uses half of it.
  const parent = mkdtempSync(`${copy}-new-`);
  try {
    const fresh = join(parent, "native");
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    linkLibraries(fresh);
    openToAll(parent);
    if (existsSync(copy) && isOurs(copy)) rmSync(copy, { recursive: true, force: true });
    renameSync(fresh, copy);
  } catch (error) {
    // Another process has made the copy meanwhile.
    if (!existsSync(copy) || !isOurs(copy)) throw error;
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function openToAll(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  const executable = stat.isDirectory() || (stat.mode & 0o100) !== 0;
  chmodSync(path, stat.mode | (executable ? 0o555 : 0o444));
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}

/** Whether the user of this process owns a file. Any user may put programs into the temporary folder: those are not run. */
function isOurs(path: string): boolean {
  return process.getuid === undefined || statSync(path).uid === process.getuid();
}
