import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

import { Client } from "pg";

import { EventBusError } from "../errors.js";
import type { PostgresBinaries } from "./postgres-binaries.js";
import { serverEnvironment } from "./postgres-folder.js";
import { asUser, type ProcessUser } from "./postgres-user.js";

/** How a server stops: `fast` ends all sessions and writes all data to disk, `immediate` is like a crash. */
export type StopMode = "fast" | "immediate";

/** What a server process is started with. */
export interface ServerOptions {
  readonly binaries: PostgresBinaries;
  readonly user: ProcessUser | undefined;
  readonly dataDir: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly onLog: ((line: string) => void) | undefined;
}

/** A running server. */
export interface ServerProcess {
  readonly pid: number;
  stop(mode: StopMode): Promise<void>;
}

const startTimeoutMs = 60_000;
const fastStopTimeoutMs = 10_000;

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Starts `postgres`, and waits until it accepts connections to `url`. */
export async function startProcess(
  options: ServerOptions,
  port: number,
  url: string,
): Promise<ServerProcess> {
  const settings = { ...options.settings, port: String(port) };
  const child = spawn(
    options.binaries.postgres,
    [
      "-D",
      options.dataDir,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    {
      ...asUser(options.user),
      cwd: options.dataDir,
      env: serverEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
      // Ctrl-C in a terminal must not reach the server: the program may need its database to shut down.
      detached: true,
    },
  );
  const lastLines = collectLog(child, options.onLog);
  const ended = new Promise<void>((done) => {
    child.once("close", () => done());
    child.once("error", () => done());
  });
  // The server must not keep a program alive that forgets stop(). When the program ends, the guard ends the server.
  child.unref();
  try {
    await waitUntilReady(url, child, ended, lastLines);
  } catch (error) {
    child.kill("SIGQUIT");
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    async stop(mode) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      child.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
      // A session that does not react, such as one that a debugger has stopped, must not delay the stop forever.
      const force = setTimeout(() => child.kill("SIGQUIT"), fastStopTimeoutMs);
      await ended.finally(() => clearTimeout(force));
    },
  };
}

function collectLog(child: ChildProcess, onLog: ((line: string) => void) | undefined): readonly string[] {
  const lines: string[] = [];
  const stderr = child.stderr;
  stderr?.setEncoding("utf8");
  let rest = "";
  stderr?.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      onLog?.(line);
      lines.push(line);
      if (lines.length > 20) lines.shift();
    }
  });
  if (stderr && "unref" in stderr && typeof stderr.unref === "function") stderr.unref();
  return lines;
}

async function waitUntilReady(
  url: string,
  child: ChildProcess,
  ended: Promise<void>,
  log: readonly string[],
): Promise<void> {
  let running = true;
  void ended.then(() => {
    running = false;
  });
  const deadline = Date.now() + startTimeoutMs;
  let failure: unknown;
  child.once("error", (error) => {
    failure = error;
  });
  while (running && Date.now() < deadline) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    // The server may end before the connection is closed.
    client.on("error", () => undefined);
    try {
      // Another program may listen on the port, and never answer.
      await Promise.race([client.connect(), ended]);
      if (running) return;
    } catch (error) {
      failure = error;
    } finally {
      await Promise.race([client.end().catch(() => undefined), ended]);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  const what = running ? `no connection within ${startTimeoutMs / 1000} s` : "its process ended";
  const words = log.join(" | ") || (failure instanceof Error ? failure.message : "none");
  throw new EventBusError(
    "DATABASE_UNREACHABLE",
    `PostgreSQL did not start: ${what}. The end of its log: ${words}.`,
    { cause: failure },
  );
}
