import { EventEmitter } from "node:events";
import { runOnce as runGraphileOnce, type WorkerEvents, type WorkerPool } from "graphile-worker";

import { isAboutConnecting } from "../../delivery/connection-error.js";
import { explainFailure } from "../../outbox/database-error.js";
import { ownExecutor } from "../../outbox/executor.js";
import { beat, retireWorker } from "../../outbox/heartbeat.js";
import { unreachable } from "../database-url.js";
import { deliverDeps, GRACE_MS } from "../deliver-deps.js";
import { startHeartbeat } from "../heartbeat.js";
import { settlesWithin } from "../settles-within.js";
import { workerConnection, workerRow } from "../worker-connection.js";
import type { WorkerSetup } from "../worker-setup.js";
import { explainStart } from "./migrations.js";
import { graphileOptions } from "./run-options.js";
import { ownDeliveries, taskList } from "./task-list.js";

/** How long recording the outcomes of abandoned handlers may take. */
const RECORD_MS = 2_000;

/**
 * Runs graphile-worker until no job is due any more, or for `maxMs`. Leaves no job locked.
 *
 * @throws EventBusError `DATABASE_UNREACHABLE`; the error of the database, if it refuses the query for jobs.
 */
export async function runUntilEmpty(setup: WorkerSetup, worker: string, maxMs: number): Promise<void> {
  const { names, config } = setup;
  const connection = workerConnection(setup, config.worker.concurrency + 2);
  const executor = ownExecutor(connection.pool, false);
  const shutdown = new AbortController();
  const ended = new AbortController();
  const signals = { shutdown: shutdown.signal, ended: ended.signal };
  const deps = deliverDeps(setup, worker, executor, signals);
  const events: WorkerEvents = new EventEmitter();
  const failures: unknown[] = [];
  for (const name of ["pool:fatalError", "worker:fatalError", "worker:getJob:error"] as const) {
    events.on(name, ({ error }) => failures.push(error));
  }
  let pool: WorkerPool | undefined;
  let isOver = false;
  // If it fails, `run` fails too, and that error is thrown.
  const stopTaking = () => void Promise.resolve(pool?.gracefulShutdown()).catch(() => undefined);
  let stopBeating = async () => {};
  const ready = new Promise<void>((resolve, reject) => {
    events.on("pool:create", ({ workerPool }) => {
      pool = workerPool;
      const heartbeat = startHeartbeat({
        intervalMs: config.worker.heartbeatMs,
        beat: () => beat(executor, names, workerRow(setup, workerPool.id, worker)),
        onBeat: () => undefined,
        onFailure: () => undefined,
      });
      // This run does not listen: it takes jobs until there are none.
      heartbeat.stopListening();
      stopBeating = heartbeat.stop;
      heartbeat.first.then(resolve, reject);
      // The time can be over before graphile-worker has started. In this event, it cannot stop its pool yet.
      if (isOver) queueMicrotask(stopTaking);
    });
  });
  ready.catch(() => undefined);
  const tasks = taskList(setup.subscribers, ownDeliveries(), deps, (error) => failures.push(error));
  const watch = { events, ready };
  try {
    const run = runGraphileOnce(
      graphileOptions({
        setup,
        pool: connection.pool,
        tasks,
        watch,
        mayStop: async () => undefined,
        // Serverless functions mostly connect through a pooler.
        listens: setup.config.database.listen ?? false,
      }),
    ).catch((error: unknown) => failures.push(error));
    if (!(await settlesWithin(maxMs, run))) {
      isOver = true;
      stopTaking();
      if (!(await settlesWithin(config.worker.shutdownTimeoutMs, run))) {
        shutdown.abort();
        await settlesWithin(GRACE_MS + RECORD_MS, run);
      }
    }
    if (failures.length > 0) throw explain(failures[0], setup);
  } finally {
    await settlesWithin(RECORD_MS, stopBeating());
    if (pool !== undefined) await settlesWithin(RECORD_MS, retireWorker(executor, names, pool.id));
    await connection.close();
    ended.abort();
  }
}

/** A database that refuses a statement is reachable, so only errors of connections become `DATABASE_UNREACHABLE`. */
function explain(error: unknown, { url, names }: WorkerSetup): unknown {
  if (isAboutConnecting(error)) return unreachable(url, error);
  return explainFailure(explainStart(error), names);
}
