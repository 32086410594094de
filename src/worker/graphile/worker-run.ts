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
 * One of the successive runs of graphile-worker of a worker. It has its own connections, and its own id, by which it locks jobs.
 */
export interface WorkerRun {
  readonly id: string;
  readonly executor: Executor;
  /** Resolves with the reason once the run must be replaced. Never rejects. */
  readonly failed: Promise<string>;
  /** Takes no more jobs. Resolves once the running ones have ended. Never rejects. */
  drain(): Promise<void>;
  /** Stops the heartbeats. Resolves once none is running. Never rejects. */
  stopBeating(): Promise<void>;
  /** Stops the heartbeats and closes the connections. Never rejects. */
  close(): Promise<void>;
  /** Stops graphile-worker as far as possible, stops the heartbeats, and cuts the connections. Never rejects. */
  abandon(): Promise<void>;
}

/** Options of {@link startWorkerRun}. */
export interface WorkerRunOptions {
  readonly setup: WorkerSetup;
  readonly worker: string;
  /** Whether notifications reach its connections. Otherwise it only polls. */
  readonly listens: boolean;
  /** The id of the run before, if there was one. */
  readonly formerId: string | undefined;
  /** Makes the tasks of the run. */
  readonly tasks: (run: TaskRun) => TaskList;
  readonly onBeat: (heartbeat: Heartbeat, first: boolean) => void;
  readonly onUnknownStatement: (statement: UnknownStatement) => void;
}

/** One to listen, one for the heartbeat, and two in reserve. */
const EXTRA_CONNECTIONS = 4;
/** How long to wait for graphile-worker to stop when its connections are broken. */
const HALT_MS = 250;

/**
 * Starts graphile-worker on connections of its own, with heartbeats under the id of the run. It takes no job before the first
 * heartbeat: after a crash, no other worker would free the job.
 *
 * @throws the error because of which it cannot start. Then no connection, row or job of it remains.
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
  // graphile-worker prints each statement that fails after its loops were told to stop. So after a failure, the connections are cut
  // before the loops are told, and later statements get no answer: graphile-worker repeats some of them after seconds.
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
      // graphile-worker refuses a second stop. Then the first one is still running.
      const stopped = runner.stop().catch(() => runner.promise);
      // After a failure, the stop would wait for statements that get no answer.
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
        // Only a failure of the connections comes so early.
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

/** Gives all code that waits for a socket the time to notice that it is closed. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
