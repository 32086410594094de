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
  /** The folder to delete once the server has stopped; undefined if the data folder is the caller's. */
  readonly temporary: string | undefined;
}

// With a hash of the host name: containers can share the temporary folder, but each has process ids of its own.
const prefix = `ex-event-bus-server-${createHash("sha256").update(hostname()).digest("hex").slice(0, 8)}-`;
const passwordFile = "ex-event-bus-password";

/** Creates a database cluster, or uses the one in `dataDir`. */
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
    // Not scram: on the loopback address `password` is as safe, and each connection takes some milliseconds less.
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
        "The folder must be empty. It, and all folders above it, must be accessible to " +
        `${user === undefined ? "the current user" : `the user ${user.name}, because PostgreSQL does not run as root`}.`,
      { value: folder },
    );
  }
  writeFileSync(join(folder, passwordFile), password, { mode: 0o600 });
  own(join(folder, passwordFile), user);
  return password;
}

/** The environment of the server: without PGDATA, PGPORT and the like, which are meant for another server. */
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
      `${folder} contains a PostgreSQL cluster that startPostgres() did not create (it has no file ${passwordFile}). ` +
        "Set dataDir to an empty folder, or leave it out for a temporary one.",
      { value: folder, cause },
    );
  }
}

/** Deletes the folders of servers that were killed together with their guards, which would have deleted them. */
function removeStale(shared: string): void {
  for (const name of readdirSync(shared)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (pid <= 0 || isAlive(pid)) continue;
    const folder = join(shared, name);
    const postmaster = postmasterOf(join(folder, "data"));
    // The server still uses its folder. Its guard is about to end it, see postgres-guard.ts.
    if (postmaster !== undefined && isAlive(postmaster)) continue;
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // The folder belongs to another user, or another process is deleting it.
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
