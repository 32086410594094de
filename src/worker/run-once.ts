import { EventEmitter } from "node:events";
import { runOnce as runGraphileOnce, type WorkerEvents, type WorkerPool } from "graphile-worker";

import { isAboutConnecting } from "../delivery/connection-error.js";
import { assertSameDatabase } from "../delivery/same-database.js";
import { type DeliveryOutcome, type Report, reportTo } from "../log/telemetry.js";
import { explainFailure } from "../outbox/database-error.js";
import { ownExecutor } from "../outbox/executor.js";
import { beat, retireWorker } from "../outbox/heartbeat.js";
import { freeJobs } from "../outbox/park-jobs.js";
import { invalidOption } from "../registry/check-options.js";
import { atMost } from "./at-most.js";
import { connectFirst } from "./connect-first.js";
import { unreachable } from "./database-url.js";
import { deliverDeps, GRACE_MS, nextWorkerName } from "./deliver-deps.js";
import { graphileOptions } from "./graphile-options.js";
import { startHeartbeat } from "./heartbeat.js";
import { keepHouseOnce } from "./housekeeping.js";
import { explainStart } from "./is-fatal.js";
import { subscribeWorker } from "./subscribe-all.js";
import { ownDeliveries, taskList } from "./task-list.js";
import { workerConnection, workerRow } from "./worker-connection.js";
import {
  assertSubscribers,
  checkRunOptions,
  prepareWorker,
  type RunOptions,
  type WorkerSetup,
} from "./worker-setup.js";

/** What {@link runOnce} is given. */
export interface RunOnceOptions extends RunOptions {
  /**
   * After how long it takes no more deliveries, in milliseconds. The running handlers then have
   * `worker.shutdownTimeoutMs` to end. Defaults to no limit.
   */
  readonly maxMs?: number | undefined;
}

/** How many deliveries had which outcome. */
export type RunOnceResult = Readonly<Record<DeliveryOutcome, number>>;

/** How long the outcomes of handlers that were given up may take to be written. */
const RECORD_MS = 2_000;
const FOR_EVER_MS = 2_147_483_647;

/**
 * Makes the deliveries that are due, and those that follow from them, and returns: for cron and serverless functions,
 * where no worker can keep running. Several calls and workers at once share the deliveries. Leaves nothing claimed.
 *
 * @throws EventBusError as `runWorker`; `DATABASE_UNREACHABLE` also when the connection breaks meanwhile: what is not
 * done then is done by the next call. What the database says when it refuses to let deliveries be claimed.
 *
 * @example
 * ```ts
 * const { delivered, dead } = await runOnce({ ...config, maxMs: 50_000 });
 * ```
 */
export async function runOnce(options: RunOnceOptions): Promise<RunOnceResult> {
  checkRunOptions(options, ["maxMs"], "runOnce()");
  const { maxMs = FOR_EVER_MS, ...rest } = options;
  if (typeof maxMs !== "number" || !(maxMs > 0))
    throw invalidOption("maxMs", maxMs, "milliseconds above 0", { of: "runOnce()" });
  const setup = await prepareWorker(rest);
  assertSubscribers(setup.subscribers);
  const startedAt = performance.now();
  const leftMs = () => maxMs - (performance.now() - startedAt);
  const worker = nextWorkerName(setup.host);
  let policies: readonly number[] = [];
  await connectFirst(setup, async (executor) => {
    await assertSameDatabase(executor, setup.config.prisma, setup.subscribers);
    policies = await subscribeWorker(executor, setup);
    // Nobody else may do it where no worker runs. At most half of the time is spent on it.
    await keepHouseOnce(setup, worker, executor, () => leftMs() < maxMs / 2);
    // What workers without these subscribers have parked, none may be there to free.
    await freeJobs(executor, setup.names, { own: setup.subscribers.map(({ name }) => name) });
  });
  const counts = { delivered: 0, retrying: 0, snoozed: 0, paused: 0, cancelled: 0, dead: 0, stale: 0 };
  const count: Report = (event) => {
    if (event.type === "deliver:stop") counts[event.outcome] += 1;
  };
  const counting = { ...setup, policies, report: reportTo(setup.report, count) };
  await makeDeliveries(counting, worker, Math.min(Math.max(leftMs(), 1), FOR_EVER_MS));
  return counts;
}

async function makeDeliveries(setup: WorkerSetup, worker: string, maxMs: number): Promise<void> {
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
      // Nothing listens here: jobs are looked for until there are none.
      heartbeat.stopListening();
      stopBeating = heartbeat.stop;
      heartbeat.first.then(resolve, reject);
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
        // Where functions run that end soon, connections mostly go through a pooler.
        listens: setup.config.database.listen ?? false,
      }),
    ).catch((error: unknown) => failures.push(error));
    if (!(await atMost(maxMs, run))) {
      // It fails when `run` fails.
      Promise.resolve(pool?.gracefulShutdown()).catch(() => undefined);
      if (!(await atMost(config.worker.shutdownTimeoutMs, run))) {
        shutdown.abort();
        await atMost(GRACE_MS + RECORD_MS, run);
      }
    }
    if (failures.length > 0) throw explain(failures[0], setup);
  } finally {
    await atMost(RECORD_MS, stopBeating());
    if (pool !== undefined) await atMost(RECORD_MS, retireWorker(executor, names, pool.id));
    await connection.close();
    ended.abort();
  }
}

/** Only what is about connecting says that the database does not answer: it does when it refuses a statement. */
function explain(error: unknown, { url, names }: WorkerSetup): unknown {
  if (isAboutConnecting(error)) return unreachable(url, error);
  return explainFailure(explainStart(error), names);
}
