import { run, type TaskList } from "graphile-worker";

import { isAboutConnecting } from "../../delivery/connection-error.js";
import { checkSchema } from "../../outbox/check-schema.js";
import { type Executor, ownExecutor } from "../../outbox/executor.js";
import { type Heartbeat, retireWorker } from "../../outbox/heartbeat.js";
import { describeDatabase, unreachable } from "../database-url.js";
import { messageOf } from "../is-fatal.js";
import { settlesWithin } from "../settles-within.js";
import { workerConnection } from "../worker-connection.js";
import type { WorkerSetup } from "../worker-setup.js";
import { claimGate } from "./concurrency.js";
import { guardedPool } from "./guarded-pool.js";
import { openJobSource, type UnknownStatement } from "./job-source.js";
import { explainStart } from "./migrations.js";
import { graphileOptions } from "./run-options.js";
import type { TaskRun } from "./task-list.js";
import { watchGraphile } from "./watch-run.js";

/**
 * One run of graphile-worker, of those that a worker has one after the other: it has an id, which it locks jobs with, and
 * connections of its own.
 */
export interface WorkerRun {
  readonly id: string;
  readonly executor: Executor;
  /** Resolves with the reason when it cannot be relied on any more. Never rejects. */
  readonly failed: Promise<string>;
  /** Takes no more jobs; resolves when the running ones have ended. Never rejects. */
  drain(): Promise<void>;
  /** Ends the heartbeat; resolves when it is over. Never rejects. */
  stopBeating(): Promise<void>;
  /** Ends the heartbeat and the connections. Never rejects. */
  close(): Promise<void>;
  /** The same at once, and ends graphile-worker as far as possible. Never rejects. */
  abandon(): Promise<void>;
}

/** What a run is started with. */
export interface WorkerRunOptions {
  readonly setup: WorkerSetup;
  readonly worker: string;
  /** Whether notifications reach its connections; it polls otherwise. */
  readonly listens: boolean;
  /** The id of the one that it follows, if any. */
  readonly formerId: string | undefined;
  /** Its tasks. */
  readonly tasks: (run: TaskRun) => TaskList;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
  readonly onUnknownStatement: (statement: UnknownStatement) => void;
}

/** One to listen, one for the heartbeat, and two in reserve. */
const EXTRA_CONNECTIONS = 4;
/** How long graphile-worker has to come to a stop when its connections are gone. */
const HALT_MS = 250;

/**
 * Starts graphile-worker on connections of its own, with heartbeats under its id. No job is taken before the first one:
 * after a crash, no other worker would free it.
 *
 * @throws whatever keeps it from starting; nothing is left behind then.
 */
export async function startWorkerRun({
  setup,
  worker,
  listens,
  formerId,
  tasks,
  onBeat,
  onUnknownStatement,
}: WorkerRunOptions): Promise<WorkerRun> {
  const connection = workerConnection(setup, setup.config.worker.concurrency + EXTRA_CONNECTIONS, listens);
  const executor = ownExecutor(connection.pool, listens);
  const watch = watchGraphile({ setup, worker, listens, executor, formerId, onBeat });
  // graphile-worker prints each statement that fails after its loops were told to stop. When something is wrong, the
  // connections are cut first, and later statements (it retries some after seconds) get no answer.
  let isGivenUp = false;
  let isStopping = false;
  const gate = claimGate(watch.events, setup.config.worker);
  const source = openJobSource(executor, setup.names, onUnknownStatement);
  const mayStop = async () => {
    gate?.close();
    source.close();
    await nextTurn();
    if (!watch.hasFailed()) return;
    await connection.cut();
    await nextTurn();
    isGivenUp = true;
  };
  const close = async () => {
    await Promise.all([watch.stopBeating(), connection.close()]);
  };
  try {
    await checkSchema(executor, setup.names, describeDatabase(setup.url));
    const pool = guardedPool(connection.pool, {
      source,
      listens,
      isSilent: () => isGivenUp,
      isStopping: () => isStopping,
      onBroken: (error) => watch.fail(messageOf(error)),
    });
    const list = tasks({ leave: () => gate?.leave(), source });
    const runner = await run(graphileOptions({ setup, pool, tasks: list, watch, mayStop, listens, gate }));
    runner.promise.then(
      () => isStopping || watch.fail("graphile-worker ended"),
      (error) => watch.fail(messageOf(error)),
    );
    const drain = async () => {
      watch.stopListening();
      isStopping = true;
      // A second stop is refused; then the first one is on its way.
      const stopped = runner.stop().catch(() => runner.promise);
      // After a failure it would wait for statements that get no answer.
      await Promise.race([stopped, watch.failed]).catch(() => undefined);
    };
    const abandon = async () => {
      watch.fail("abandoned");
      const isQuiet = watch.stopBeating();
      await settlesWithin(HALT_MS, drain());
      await connection.cut();
      await isQuiet;
    };
    try {
      await Promise.race([
        watch.ready,
        // The connections are the only reason to fail so early.
        watch.failed.then((reason) => Promise.reject(unreachable(setup.url, new Error(reason)))),
      ]);
    } catch (error) {
      await settlesWithin(HALT_MS, watch.stopBeating());
      await settlesWithin(HALT_MS, retireWorker(executor, setup.names, watch.id()));
      await abandon();
      throw error;
    }
    const { failed, stopBeating } = watch;
    return { id: watch.id(), executor, failed, drain, stopBeating, close, abandon };
  } catch (error) {
    await close();
    throw isAboutConnecting(error) ? unreachable(setup.url, error) : explainStart(error);
  }
}

/** Lets everything that waits for a socket notice that it is closed. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
