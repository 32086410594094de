import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, expect, vi } from "vitest";

import { bundle } from "../support/bundle.js";
import { eventually } from "../support/eventually.js";

/**
 * The command line tool, built from the sources as they are, and run as processes of their own.
 *
 * @param edit makes another version of it.
 */
export async function buildCli(edit?: (text: string) => string) {
  const { file: program, library, remove } = await bundle("src/cli/main.ts");
  // Configurations load the package as applications do: built. From its sources, each start takes five times as long.
  const built = { JITI_ALIAS: JSON.stringify({ "ex-event-bus": library }) };
  if (edit !== undefined) editAll(dirname(program), edit);
  // Starting a process takes its time on a busy machine.
  vi.setConfig({ testTimeout: 480_000 });
  const running = new Set<CliProcess>();
  afterEach(async () => {
    for (const child of running) child.kill("SIGKILL");
    await Promise.all([...running].map((child) => child.exit));
    const warnings = [...running].flatMap(({ stderr }) => stderr.match(/^\(node:\d+\) .+/gm) ?? []);
    running.clear();
    expect(warnings).toEqual([]);
  });
  afterAll(remove);

  return (args: readonly string[], options: CliRun): CliProcess => {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...built, ...options.env };
    if (!("DATABASE_URL" in (options.env ?? {}))) delete (env as { DATABASE_URL?: string }).DATABASE_URL;
    const [command, argv] = options.toFullDisk
      ? ["sh", ["-c", 'exec "$0" "$@" >/dev/full 2>/dev/full', process.execPath, program, ...args]]
      : options.throughShell
        ? ["sh", ["-c", '"$0" "$@"; true', process.execPath, program, ...args]]
        : [process.execPath, [program, ...args]];
    const child = spawn(command as string, argv as string[], {
      cwd: options.cwd ?? appFolder("worker"),
      env,
    });
    const started = new CliProcess(child);
    running.add(started);
    return started;
  };
}

function editAll(folder: string, edit: (text: string) => string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    writeFileSync(file, edit(readFileSync(file, "utf8")));
  }
}

export interface CliRun {
  /** Defaults to the app `worker`. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Starts it as npx does: signals reach the shell only. */
  readonly throughShell?: boolean;
  /** Nothing that it writes can be written. */
  readonly toFullDisk?: boolean;
}

/** Environment with which these streams of a process, pipes of a test, are taken for those of a terminal. */
export function asTerminal(streams: readonly ("stdin" | "stdout" | "stderr")[], columns = 80) {
  const code = streams.map((name) => `Object.assign(process.${name}, { isTTY: true, columns: ${columns} });`);
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code.join(""))}` };
}

/** The folder of one of the apps beside this file. */
export function appFolder(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), "apps", name);
}

/** A running command. */
export class CliProcess {
  stdout = "";
  stderr = "";
  /** The exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.exit = once(child, "close").then(([code, signal]) => code ?? signal);
  }

  /** Writes a line to its standard input. */
  answer(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** From now on nobody reads what it writes. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** The lines so far that are JSON objects. */
  lines(): Record<string, unknown>[] {
    return this.stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /** Waits for a JSON line that has these fields. */
  line(fields: Readonly<Record<string, unknown>>, timeoutMs = 240_000): Promise<Record<string, unknown>> {
    return eventually(() => {
      const found = this.lines().filter((line) =>
        Object.entries(fields).every(([key, value]) => line[key] === value),
      );
      expect(found, `no line with ${JSON.stringify(fields)} in:\n${this.stdout}\n${this.stderr}`).not.toEqual(
        [],
      );
      return found[0] ?? {};
    }, timeoutMs);
  }

  /** Waits for the end, and returns everything. */
  async result(): Promise<{
    readonly code: number | string;
    readonly stdout: string;
    readonly stderr: string;
  }> {
    const code = await this.exit;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}
