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

/** What can be observed of one run of graphile-worker. */
export interface GraphileWatch {
  /** To be given to graphile-worker. */
  readonly events: WorkerEvents;
  /** The id that it locks jobs with; empty until it has started. */
  id(): string;
  /** Resolves after the first heartbeat, and when it listens. */
  readonly ready: Promise<unknown>;
  /** Resolves with the reason when it cannot be relied on any more. Never rejects. */
  readonly failed: Promise<string>;
  hasFailed(): boolean;
  fail(reason: string): void;
  /** From now on notifications are not expected. */
  stopListening(): void;
  /** Ends the heartbeats; resolves when none is under way any more. Never rejects. */
  stopBeating(): Promise<void>;
}

/** What is watched. */
export interface WatchOptions {
  readonly setup: WorkerSetup;
  readonly worker: string;
  /** Whether it listens for notifications, or polls. */
  readonly listens: boolean;
  readonly executor: Executor;
  /** The id of the one that it follows, if any. */
  readonly formerId: string | undefined;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
}

// After each of these graphile-worker may do nothing any more and say nothing: it ends its pool and resolves, keeps a
// rejected promise for ever, or does not listen any more.
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
      // Thrown by the claim gate, so that it stops.
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
    // When they cannot be read, graphile-worker reports it.
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
  // Notifications would not reach it. If the database cannot be told, they are sent in vain.
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
 * graphile-worker asks once for the ids of its tasks, and takes jobs by them. After that table was emptied or restored by
 * other means, jobs have other ids, and none would be taken until graphile-worker is started anew.
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
 * The result of the next statement on `client`. graphile-worker emits its event before it sends LISTEN, and none when that is
 * done. A statement of our own after it might still be queued when graphile-worker gives the client back, which pg warns of.
 */
function nextAnswer(client: PoolClient): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query = ((...args: Parameters<PoolClient["query"]>) => {
      // The method itself is on the prototype.
      Reflect.deleteProperty(client, "query");
      const answer: unknown = client.query(...args);
      Promise.resolve(answer).then(resolve, reject);
      return answer;
    }) as PoolClient["query"];
  });
}

/** On a breaking migration graphile-worker sets the exit code of the process, which goes on with the next run. */
function keepExitCode(): void {
  const { exitCode } = process;
  queueMicrotask(() => {
    process.exitCode = exitCode;
  });
}
