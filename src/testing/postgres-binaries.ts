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
 * Makes sure that `user` can run the binaries: install scripts may have been off (then symbolic links are missing),
 * and the checkout may be in a folder that only root enters (then a copy in the temporary folder is used).
 */
export function prepareBinaries(
  { native, version }: NativeFolder,
  user: ProcessUser | undefined,
): PostgresBinaries {
  try {
    linkLibraries(native);
  } catch {
    // A read-only node_modules: the copy below has the links.
  }
  if (problemOf(native, user) === undefined) return binariesIn(native);

  const copy = join(sharedFolder(user), `ex-event-bus-postgres-${version}-${process.getuid?.() ?? "user"}`);
  if (!existsSync(copy) || !isOurs(copy) || problemOf(copy, user) !== undefined) copyNative(native, copy);
  const problem = problemOf(copy, user);
  if (problem === undefined) return binariesIn(copy);
  throw new EventBusError(
    "DATABASE_UNREACHABLE",
    `The embedded PostgreSQL of ${native} does not run on this machine (${platform()} ${arch()}, as ` +
      `${user?.name ?? "the current user"}): ${problem}. Use a PostgreSQL server of your own instead, by its URL.`,
    { value: native },
  );
}

/** A folder for files that `user` has to reach. */
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

/** Running them is the only honest check: it covers permissions, libraries and the C library at once. */
function problemOf(native: string, user: ProcessUser | undefined): string | undefined {
  for (const binary of Object.values(binariesIn(native)) as string[]) {
    const run = spawnSync(binary, ["--version"], { ...asUser(user), cwd: "/", encoding: "utf8" });
    if (run.error) return run.error.message;
    if (run.status !== 0) return `${binary} --version: ${run.stderr.trim() || `exit code ${run.status}`}`;
  }
  return undefined;
}

/** What the install script of the binaries' package does: npm packages cannot hold symbolic links. */
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
      // Another process linked it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function copyNative(native: string, copy: string): void {
  // Beside its place and renamed: another process never sees half of it.
  const parent = mkdtempSync(`${copy}-new-`);
  try {
    const fresh = join(parent, "native");
    cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    linkLibraries(fresh);
    openToAll(parent);
    if (existsSync(copy) && isOurs(copy)) rmSync(copy, { recursive: true, force: true });
    renameSync(fresh, copy);
  } catch (error) {
    // Another process was faster; its copy is as good.
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

/** Programs in a folder that everybody may write to are run only when we put them there. */
function isOurs(path: string): boolean {
  return process.getuid === undefined || statSync(path).uid === process.getuid();
}
