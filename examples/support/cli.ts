import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

import type { CleanUp } from "./run-demo.js";

const root = new URL("../../", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, root));

/** A line that the command line tool wrote with `--log json`. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A running command. */
export interface CliProcess {
  readonly pid: number;
  /** Its exit code, and what it wrote on the standard error output. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly errors: string }>;
  kill(signal: NodeJS.Signals): void;
}

// In the child, before the tool: when the pipe to this process closes, a worker stops as if it had been told to. So no
// worker outlives a demo, even one that was killed.
const endWithParent =
  "data:text/javascript,process.stdin.on('end',()=>process.kill(process.pid,'SIGTERM')).resume().unref();";

/** `npx ex-event-bus <command>` for an example: this repository's own tool, from its source. */
export function startCli(
  command: string,
  config: URL,
  databaseUrl: string,
  onLine: (line: LogLine) => void,
): CliProcess {
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    process.execPath,
    [
      ...["--import", endWithParent, "--import", import.meta.resolve("tsx"), pathOf("src/cli/main.ts")],
      ...["--log", "json", "--config", fileURLToPath(config), command],
    ],
    {
      cwd: fileURLToPath(root),
      env: { ...process.env, DATABASE_URL: databaseUrl },
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C in a terminal is for the demo, which stops its workers itself.
      detached: true,
    },
  );
  createInterface(child.stdout).on("line", (text) => onLine(parseLine(text)));
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const ended = once(child, "close").then(([exitCode]: unknown[]) => ({
    exitCode: typeof exitCode === "number" ? exitCode : null,
    errors,
  }));
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
}

/** Runs a command to its end. */
export async function runCli(
  command: string,
  config: URL,
  databaseUrl: string,
  cleanUp: CleanUp,
): Promise<void> {
  const lines: string[] = [];
  const cli = startCli(command, config, databaseUrl, (line) => lines.push(line.message));
  cleanUp(async () => cli.kill("SIGTERM"));
  const { exitCode, errors } = await cli.ended;
  if (exitCode !== 0) {
    throw new Error(
      `ex-event-bus ${command} ended with exit code ${exitCode}: ${[...lines, errors].join("\n")}`,
    );
  }
}

function parseLine(text: string): LogLine {
  try {
    const { level, message, time: _, ...fields }: Record<string, unknown> = JSON.parse(text);
    return { level: String(level), message: String(message), fields };
  } catch {
    // Something that a handler printed.
    return { level: "info", message: text, fields: {} };
  }
}
