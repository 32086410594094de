import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import type { WorkerSettings } from "./worker-settings.js";

/** A line that a worker process wrote. */
export interface WorkerLine {
  readonly type: string;
  readonly worker: string;
  readonly [field: string]: unknown;
}

/** What all worker processes of a run have said and done. */
export interface Protocol {
  readonly lines: WorkerLine[];
  /** What must never happen: processes that end by themselves, or that write where nobody expects it. */
  readonly faults: string[];
}

/** A place where one worker process runs after the other. */
export class WorkerSlot {
  readonly name: string;
  readonly #program: string;
  readonly #settings: () => Omit<WorkerSettings, "name">;
  readonly #protocol: Protocol;
  #child: ChildProcess | undefined;
  #count = 0;
  /** Whether a fault is at work on it. */
  busy = false;

  constructor(
    name: string,
    program: string,
    settings: () => Omit<WorkerSettings, "name">,
    protocol: Protocol,
  ) {
    this.name = name;
    this.#program = program;
    this.#settings = settings;
    this.#protocol = protocol;
  }

  /** The name of the process that runs here now, as its subscribers note it. */
  get current(): string {
    return `${this.name}.${this.#count}`;
  }

  /** Starts a process, again and again where it cannot reach the database; resolves when it is ready. */
  async start(): Promise<void> {
    for (;;) {
      this.#count += 1;
      const child = this.#spawn();
      this.#child = child;
      const ready = new Promise<boolean>((resolve) => {
        child.stdout?.on("data", (text: string) => text.includes('"worker:start"') && resolve(true));
        child.once("exit", () => resolve(false));
      });
      if (await ready) return this.#watch(child);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it in order; a process that does not end with 0 is a fault. */
  async stop(): Promise<void> {
    const code = await this.#end("SIGTERM", 20_000);
    if (code !== 0) this.#protocol.faults.push(`${this.current} ended with ${code} on SIGTERM`);
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async #end(signal: NodeJS.Signals, patienceMs?: number): Promise<number | string | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    child.removeAllListeners("exit");
    const exit = once(child, "exit");
    child.kill(signal);
    const timer = patienceMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), patienceMs);
    const [code, endedBy] = (await exit) as [number | null, string | null];
    clearTimeout(timer);
    return code ?? endedBy;
  }

  #watch(child: ChildProcess): void {
    const { current } = this;
    child.once("exit", (code, signal) => {
      this.#protocol.faults.push(`${current} ended by itself with ${code ?? signal}`);
    });
  }

  #spawn(): ChildProcess {
    const settings: WorkerSettings = { ...this.#settings(), name: this.current };
    const child = spawn(process.execPath, ["--trace-deprecation", this.#program, JSON.stringify(settings)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], NODE_ENV: "production" },
    });
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#protocol.lines.push(JSON.parse(line) as WorkerLine);
    });
    let isReady = false;
    child.stdout?.on("data", (text: string) => {
      isReady ||= text.includes('"worker:start"');
    });
    const { current } = this;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // One that cannot start says why, and is started again.
      if (isReady) this.#protocol.faults.push(`${current} wrote: ${text.trim()}`);
    });
    return child;
  }
}
