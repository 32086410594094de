import { setMaxListeners } from "node:events";

import type { DeliverDeps } from "../delivery/deliver-deps.js";
import { deliveryOutbox } from "../delivery/delivery-outbox.js";
import { openGate } from "../delivery/run-gate.js";
import { openSemaphore } from "../delivery/semaphore.js";
import type { Executor } from "../outbox/executor.js";
import { wakeWorkers } from "../outbox/graphile/await-jobs.js";
import { wakeTimer } from "./wake-timer.js";
import type { WorkerSetup } from "./worker-setup.js";

/** One gate for all workers of the process, because they die together. */
const GATE = openGate();

/** How long handlers have to end after their signals were aborted because the worker stops. */
export const GRACE_MS = 1_000;
/** How long statements are retried while the database is unreachable. */
const PATIENCE_MS = 60_000;

/** The signals that are aborted while a worker stops. */
export interface WorkerSignals {
  /** Aborted when handlers must end. */
  readonly shutdown: AbortSignal;
  /** Aborted when the worker has stopped: nothing is waited for. */
  readonly ended: AbortSignal;
}

/** The dependencies of a worker's deliveries. */
export function deliverDeps(
  { names, config, log, report }: WorkerSetup,
  worker: string,
  executor: Executor,
  { shutdown, ended }: WorkerSignals,
): DeliverDeps {
  // Every running delivery listens to these signals.
  setMaxListeners(0, shutdown, ended);
  const { wakeIn, stop } = wakeTimer((count) => {
    // If it fails, polling finds them a little later.
    wakeWorkers(executor, count).catch(() => undefined);
  });
  ended.addEventListener("abort", stop, { once: true });
  return {
    outbox: deliveryOutbox(executor, names),
    names,
    prisma: config.prisma,
    log,
    report,
    worker,
    wakeIn,
    signal: shutdown,
    ended,
    semaphore: openSemaphore(config.worker.concurrency),
    gate: GATE,
    graceMs: GRACE_MS,
    patienceMs: PATIENCE_MS,
    deadAfterMs: config.worker.deadAfterMs,
    onDead: config.onDead,
  };
}

let workers = 0;

/** The name of a worker in records and log lines. One process can have several workers. */
export function nextWorkerName(host: string): string {
  workers += 1;
  return `${host}-${process.pid}-${workers}`;
}
