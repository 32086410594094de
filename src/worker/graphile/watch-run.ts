import { EventEmitter } from "node:events";
import type { WorkerEvents } from "graphile-worker";
import type { PoolClient } from "pg";
import type { Executor } from "../../outbox/executor.js";
import { awaitJobs } from "../../outbox/graphile/await-jobs.js";
import { beat, findTaskIds, type Heartbeat } from "../../outbox/heartbeat.js";
import { type RunningHeartbeat, startHeartbeat } from "../heartbeat.js";
import { messageOf } from "../is-fatal.js";
import { queueSizeOf } from "../queue-size.js";
import { workerRow } from "../worker-connection.js";
import type { WorkerSetup } from "../worker-setup.js";
import { followAwaiting } from "./awaiting-jobs.js";
import { ClaimsClosed } from "./claim-gate.js";
import { reportClaims } from "./report-claims.js";

/** What one run of graphile-worker shows of itself. */
export interface GraphileWatch {
  /** To be given to graphile-worker. */
  readonly events: WorkerEvents;
  /** What it locks jobs with; empty until it has begun. */
  id(): string;
  /** Resolves when its heart beats and it listens. */
  readonly ready: Promise<unknown>;
  /** Resolves with the reason when it cannot be relied on any more. Never rejects. */
  readonly failed: Promise<string>;
  hasFailed(): boolean;
  fail(reason: string): void;
  /** From now on it does not listen, and that is as it should be. */
  stopListening(): void;
  /** Resolves when no beat is under way any more. Never rejects. */
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

// Each of these can leave graphile-worker standing still without another word: it ends its pool and resolves, keeps
// a rejected promise for ever, or listens no more.
const FATAL_EVENTS = [
  "pool:fatalError",
  "worker:fatalError",
  "worker:getJob:error",
  "pool:listen:error",
] as const;

/** Watches a run of graphile-worker that is going to be started, and makes its heart beat. */
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
      // Held back by ourselves, so that it stops.
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
    // Where they cannot be read, graphile-worker says so itself.
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
  // Nobody needs to notify who does not hear it. When it cannot be told, that only costs.
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
 * graphile-worker asks once which ids the tasks have that it knows, and takes jobs by them. When somebody has emptied that
 * table, or restored another one, jobs have other ids, and none would be taken until it is started anew.
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
 * The answer to what `client` is asked next. graphile-worker says that it listens before it asks for that, and never
 * when it is answered. A question of our own, behind that, would still wait when it gives the client back: then pg
 * warns of questions that wait for each other.
 */
function nextAnswer(client: PoolClient): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query = ((...args: Parameters<PoolClient["query"]>) => {
      // What was there before is not the client's own.
      Reflect.deleteProperty(client, "query");
      const answer: unknown = client.query(...args);
      Promise.resolve(answer).then(resolve, reject);
      return answer;
    }) as PoolClient["query"];
  });
}

/** Told of a migration that breaks it, graphile-worker sets the exit code of a process that goes on, and may fit it. */
function keepExitCode(): void {
  const { exitCode } = process;
  queueMicrotask(() => {
    process.exitCode = exitCode;
  });
}
