import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

import { EventBusError } from "../errors.js";
import { type PostgresBinaries, sharedFolder } from "./postgres-binaries.js";
import { asUser, type ProcessUser } from "./postgres-user.js";

/** The files of one server. */
export interface DataFolder {
  /** PGDATA. */
  readonly dataDir: string;
  readonly password: string;
  /** What to delete in the end; undefined: nothing, the folder is the caller's. */
  readonly temporary: string | undefined;
}

// The host name is in it, because containers can share the folder and not the process ids.
const prefix = `ex-event-bus-server-${createHash("sha256").update(hostname()).digest("hex").slice(0, 8)}-`;
const passwordFile = "ex-event-bus-password";

/** Creates a database cluster, or takes the one that `dataDir` already has. */
export function prepareFolder(
  binaries: PostgresBinaries,
  user: ProcessUser | undefined,
  dataDir: string | undefined,
): DataFolder {
  const shared = sharedFolder(user);
  if (dataDir === undefined) {
    removeStale(shared);
    const temporary = mkdtempSync(join(shared, `${prefix}${process.pid}-`));
    own(temporary, user);
    const folder = join(temporary, "data");
    return { dataDir: folder, password: initialise(binaries, user, folder, temporary), temporary };
  }
  const folder = resolve(dataDir);
  if (existsSync(join(folder, "PG_VERSION"))) {
    return { dataDir: folder, password: readPassword(folder), temporary: undefined };
  }
  mkdirSync(folder, { recursive: true });
  own(folder, user);
  const temporary = mkdtempSync(join(shared, `${prefix}${process.pid}-`));
  try {
    own(temporary, user);
    return { dataDir: folder, password: initialise(binaries, user, folder, temporary), temporary: undefined };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function initialise(
  binaries: PostgresBinaries,
  user: ProcessUser | undefined,
  folder: string,
  scratch: string,
): string {
  const password = randomBytes(18).toString("hex");
  const file = join(scratch, "password");
  writeFileSync(file, password, { mode: 0o600 });
  own(file, user);
  const run = spawnSync(
    binaries.initdb,
    // `password`, not scram: on the loopback address it is as good, and every connection is several ms cheaper.
    [
      `--pgdata=${folder}`,
      "--username=postgres",
      `--pwfile=${file}`,
      "--auth=password",
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ],
    { ...asUser(user), cwd: scratch, encoding: "utf8", env: serverEnvironment() },
  );
  rmSync(file);
  if (run.status !== 0) {
    throw new EventBusError(
      "DATABASE_UNREACHABLE",
      `A PostgreSQL cluster could not be created in ${folder}: ` +
        `${run.error?.message ?? (run.stderr.trim() || `exit code ${run.status}`)}. ` +
        "The folder must be empty, and it and all folders above it open to " +
        `${user === undefined ? "the current user" : `the user ${user.name}, because PostgreSQL does not run as root`}.`,
      { value: folder },
    );
  }
  writeFileSync(join(folder, passwordFile), password, { mode: 0o600 });
  own(join(folder, passwordFile), user);
  return password;
}

/** Variables such as PGDATA or PGPORT are meant for another server than ours. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  return { ...Object.fromEntries(entries), LC_ALL: "C" };
}

function readPassword(folder: string): string {
  try {
    return readFileSync(join(folder, passwordFile), "utf8");
  } catch (cause) {
    throw new EventBusError(
      "DATABASE_UNREACHABLE",
      `${folder} holds a PostgreSQL cluster that startPostgres() did not create (no file ${passwordFile}). ` +
        "Give an empty folder, or none for a temporary one.",
      { value: folder, cause },
    );
  }
}

/** A server ends with its process, and its folder with it, unless both were killed at once: swept up here. */
function removeStale(shared: string): void {
  for (const name of readdirSync(shared)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (pid <= 0 || isAlive(pid)) continue;
    const folder = join(shared, name);
    const postmaster = postmasterOf(join(folder, "data"));
    // Its server would be ended by the guard, see postgres-process.ts; a folder in use is left alone.
    if (postmaster !== undefined && isAlive(postmaster)) continue;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or another process removes it just now.
    }
  }
}

function postmasterOf(dataDir: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(dataDir, "postmaster.pid"), "utf8"), 10) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function own(path: string, user: ProcessUser | undefined): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}
