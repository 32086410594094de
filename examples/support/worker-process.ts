import { type LogLine, startCli } from "./cli.js";
import type { CleanUp } from "./run-demo.js";

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Rejects when the process ends before it is stopped. */
  readonly failure: Promise<never>;
  stop(): Promise<void>;
}

const stopTimeoutMs = 10_000;

/** Starts `ex-event-bus worker` and waits until it is ready; it stops when the demo ends. */
export async function startWorker(
  name: string,
  config: URL,
  databaseUrl: string,
  onLine: (line: LogLine) => void,
  cleanUp: CleanUp,
): Promise<WorkerProcess> {
  let stopping = false;
  let becomeReady = () => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const cli = startCli("worker", config, databaseUrl, (line) => {
    if (line.message === "The worker is ready.") becomeReady();
    onLine(line);
  });
  const failure = cli.ended.then(({ exitCode, errors }) => {
    if (stopping) return new Promise<never>(() => {});
    throw new Error(`${name} ended with exit code ${exitCode}: ${errors}`);
  });
  // Reported where it is awaited; nobody does so before the worker is ready.
  failure.catch(() => undefined);
  const stop = async () => {
    stopping = true;
    cli.kill("SIGTERM");
    const force = setTimeout(() => cli.kill("SIGKILL"), stopTimeoutMs);
    await cli.ended.finally(() => clearTimeout(force));
  };
  cleanUp(stop);
  await Promise.race([ready, failure]);
  return { name, pid: cli.pid, failure, stop };
}
