import type { ChildProcess } from "node:child_process";

import { eventually } from "../support/eventually.js";

/** Lines of output without what differs from run to run: times, durations, ids and names of processes. */
export function withoutChances(text: string): string {
  return text
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, "<time>")
    .replace(/\b\d{2}:\d{2}:\d{2}\.\d{3}\b/g, "<time>")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<id>")
    .replace(/\b\d+(\.\d+)? (ms|s|min)\b/g, "<duration>")
    .replace(/"(durationMs|lagMs)":[\d.]+/g, '"$1":0')
    .replace(/\b[\w.-]+-\d+-\d+\b/g, "<worker>")
    .replace(/[ \t]+$/gm, "");
}

const PATIENCE_MS = 20_000;

/** What a process has written so far. */
export class Output {
  readonly #process: ChildProcess;
  #text = "";

  constructor(process: ChildProcess) {
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.#text += chunk;
      });
    }
  }

  get text(): string {
    return this.#text;
  }

  /** Waits for a text. Fails at once when the process ends without it. */
  async waitFor(expected: string): Promise<void> {
    const isThere = () => withoutChances(this.#text).includes(expected);
    if (isThere()) return;
    const failure = () => new Error(`expected:\n${expected}\nfound:\n${this.#text}`);
    const found = eventually(() => {
      if (!isThere()) throw failure();
    }, PATIENCE_MS);
    const ended = new Promise<never>((_, reject) => {
      const end = () => reject(failure());
      if (this.#process.exitCode === null) this.#process.once("close", end);
      else end();
    });
    await Promise.race([found, ended]);
  }

  /** Sends SIGTERM and returns the exit code. */
  async stop(): Promise<number | null> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const ended = new Promise<number | null>((resolve) => {
      this.#process.once("close", (code) => resolve(code));
    });
    this.#process.kill("SIGTERM");
    return ended;
  }
}
