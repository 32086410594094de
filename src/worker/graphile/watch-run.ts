import { EventEmitter } from "node:events";
import type { WorkerEvents } from "graphile-worker";
import type { PoolClient } from "pg";
import type { Executor } from "../../outbox/executor.js";
import { awaitJobs } from "../../outbox/graphile/await-jobs.js";
import { findTaskIds } from "../../outbox/graphile/task-ids.js";
import { beat, type Heartbeat } from "../../outbox/heartbeat.js";
import { type RunningHeartbeat, startHeartbeat } from "../heartbeat.js";
import { messageOf } from "../is-fatal.js";
import { workerRow } from "../worker-connection.js";
import type { WorkerSetup } from "../worker-setup.js";
import { followAwaiting } from "./awaiting-jobs.js";
import { ClaimsClosed } from "./claim-gate.js";
import { queueSizeOf } from "./concurrency.js";
import { reportClaims } from "./report-claims.js";

/** Watches one run of graphile-worker. */
export interface GraphileWatch {
  /** The event emitter for graphile-worker. */
  readonly events: WorkerEvents;
  /** The id by which the run locks jobs; empty until it has started. */
  id(): string;
  /** Resolves once the first heartbeat is recorded and the run listens. */
  readonly ready: Promise<unknown>;
  /** Resolves with the reason once the run must be replaced. Never rejects. */
  readonly failed: Promise<string>;
  hasFailed(): boolean;
  fail(reason: string): void;
  /** After this call, notifications are not expected. */
  stopListening(): void;
  /** Stops the heartbeats. Resolves once none is running. Never rejects. */
  stopBeating(): Promise<void>;
}

/** Options of {@link watchGraphile}. */
export interface WatchOptions {
  readonly setup: WorkerSetup;
  readonly worker: string;
  /** Whether the run listens for notifications. Otherwise it only polls. */
  readonly listens: boolean;
  readonly executor: Executor;
  /** The id of the run before, if there was one. */
  readonly formerId: string | undefined;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
}

// After each of these, graphile-worker may stand still without a further event: it ends its pool and resolves, keeps a rejected
// promise forever, or no longer listens.
const FATAL_EVENTS = [
  "pool:fatalError",
  "worker:fatalError",
  "worker:getJob:error",
  "pool:listen:error",
] as const;

/** Watches a run of graphile-worker that is about to start, and sends its heartbeats. */
export function watchGraphile(options: WatchOptions): GraphileWatch {
  const { setup, worker, listens, executor, onBeat } = options;
  const events: WorkerEvents = new EventEmitter();
  let hasFailed = false;
  let fail: (reason: string) => void = () => {};
  const failed = new Promise<string>((resolve) => {
    fail = (reason) => {
      hasFailed = true;
      resolve(reason);
    };
  });
  reportClaims(events, worker, setup.report);
  for (const name of FATAL_EVENTS) {
    events.on(name, ({ error }) => {
      // The claim gate throws this error to stop a loop.
      if (!((error as unknown) instanceof ClaimsClosed)) fail(messageOf(error));
    });
  }

  let id = "";
  const tasks = followTasks();
  let { formerId } = options;
  const beatOnce = async () => {
    const row = workerRow(setup, id, worker);
    const heartbeat = await beat(executor, setup.names, { ...row, formerId });
    formerId = undefined;
    // If they cannot be read, graphile-worker itself reports that.
    const taskIds = await findTaskIds(executor, setup.names, row.subscribers).catch(() => []);
    if (tasks.changed(taskIds)) fail("graphile-worker has other tasks than it had");
    return heartbeat;
  };
  let heartbeat: RunningHeartbeat | undefined;
  const beating = new Promise<void>((resolve, reject) => {
    events.on("pool:create", ({ workerPool }) => {
      id = workerPool.id;
      heartbeat = startHeartbeat({
        intervalMs: setup.config.worker.heartbeatMs,
        beat: beatOnce,
        onBeat,
        onFailure: fail,
      });
      if (!listens) heartbeat.stopListening();
      heartbeat.first.then(resolve, reject);
    });
  });
  const listening = new Promise<void>((resolve, reject) => {
    if (!listens) return resolve();
    events.on("pool:listen:success", ({ client }) => nextAnswer(client).then(() => resolve(), reject));
  });
  const tell = (awaits: boolean) => awaitJobs(executor, setup.names, id, awaits);
  const { pollIntervalMs } = setup.config.worker;
  if (listens) followAwaiting(events, tell, { pollIntervalMs, queueSize: queueSizeOf(setup.config.worker) });
  // Notifications do not reach this run. If this fails, publishers send notifications that no worker hears, which does no harm.
  if (!listens) beating.then(() => tell(false)).catch(() => undefined);
  events.on("pool:listen:notification", ({ message }) => {
    heartbeat?.heard();
    if (message.channel === "worker:migrate") keepExitCode();
  });
  const ready = Promise.all([beating, listening]);
  ready.catch((error) => fail(messageOf(error)));

  return {
    events,
    id: () => id,
    ready,
    failed,
    hasFailed: () => hasFailed,
    fail,
    stopListening: () => heartbeat?.stopListening(),
    stopBeating: async () => heartbeat?.stop(),
  };
}

/**
 * graphile-worker reads the ids of its tasks once, and takes jobs by these ids. If the table of tasks is emptied or restored, later
 * jobs have other ids, and graphile-worker takes none of them until it is started again.
 */
function followTasks(): { changed(now: readonly string[]): boolean } {
  let known: readonly string[] = [];
  return {
    changed(now) {
      const isChanged = now.length > 0 && !known.every((id) => now.includes(id));
      if (now.length > 0) known = now;
      return isChanged;
    },
  };
}

/**
 * The result of the next statement on `client`, which is LISTEN: graphile-worker emits its event before it sends LISTEN, and none
 * afterwards. A statement of the package could still be queued when graphile-worker releases the client, which pg warns of.
 */
function nextAnswer(client: PoolClient): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query = ((...args: Parameters<PoolClient["query"]>) => {
      // Uncovers the method of the prototype again.
      Reflect.deleteProperty(client, "query");
      const answer: unknown = client.query(...args);
      Promise.resolve(answer).then(resolve, reject);
      return answer;
    }) as PoolClient["query"];
  });
}

/** Keeps the exit code of the process. graphile-worker sets it on a breaking migration, but the process continues with the next run. */
function keepExitCode(): void {
  const { exitCode } = process;
  queueMicrotask(() => {
    process.exitCode = exitCode;
  });
}
