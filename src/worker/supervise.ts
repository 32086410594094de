import { EventBusError } from "../errors.js";
import { branded, type Executor } from "../outbox/executor.js";
import type { Heartbeat } from "../outbox/heartbeat.js";
import { deliverDeps, GRACE_MS, nextWorkerName } from "./deliver-deps.js";
import { formerRuns } from "./former-runs.js";
import type { UnknownStatement } from "./graphile/job-source.js";
import { ownDeliveries, type TaskRun, taskList } from "./graphile/task-list.js";
import { startWorkerRun, type WorkerRun } from "./graphile/worker-run.js";
import { startHousekeeping } from "./housekeeping.js";
import { isFatal } from "./is-fatal.js";
import { outage } from "./outage.js";
import { settlesWithin } from "./settles-within.js";
import type { WorkerSetup } from "./worker-setup.js";

/** Keeps runs of graphile-worker going, and stops them. */
export interface Supervisor {
  readonly finished: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How long recording the outcomes of abandoned handlers may take. */
const RECORD_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** A run counts as healthy if it lasts this long, whatever it reported at its start. */
const HEALTHY_MS = 10_000;

/**
 * Starts one run of graphile-worker after the other. If a connection fails, the run is not repaired but replaced, because it is
 * unknown which of its last statements took effect. Its jobs are freed by the id of the run.
 *
 * Handlers go on meanwhile, and the next run records their outcomes.
 *
 * @param listens whether notifications reach its connections.
 * @throws the error because of which the first run cannot start.
 */
export async function supervise(setup: WorkerSetup, listens: boolean): Promise<Supervisor> {
  const { config, names, report, health } = setup;
  const worker = nextWorkerName(setup.host);
  const own = ownDeliveries();
  const { running } = own;
  const shutdown = new AbortController();
  const ended = new AbortController();
  let current: WorkerRun | undefined;
  let formerId: string | undefined;
  let stopping = false;
  let requestStop = () => {};
  const stopRequested = new Promise<undefined>((resolve) => {
    requestStop = () => {
      stopping = true;
      resolve(undefined);
    };
  });
  let onFatal: (error: unknown) => void = () => {};
  const fatal = new Promise<never>((_, reject) => {
    onFatal = reject;
  });
  // After a stop, nothing awaits this promise.
  fatal.catch(() => undefined);

  const onCurrent: Executor["query"] = async (sql, values, name) => {
    if (current === undefined) throw new EventBusError("DATABASE_UNREACHABLE", "The worker is reconnecting.");
    return current.executor.query(sql, values, name);
  };
  const executor = branded(onCurrent, undefined, true);
  const signals = { shutdown: shutdown.signal, ended: ended.signal };
  const deps = deliverDeps(setup, worker, executor, signals);
  const onBeat = ({ fresh, swept }: Heartbeat, first: boolean) => {
    health.beat();
    if (swept.length > 0) report({ type: "worker:takeover", worker, dead: swept });
    if (fresh && !first)
      report({ type: "worker:presumed-dead", worker, deadAfterMs: config.worker.deadAfterMs });
  };
  const reported = new Set<UnknownStatement>();
  const onUnknownStatement = (statement: UnknownStatement) => {
    if (!reported.has(statement)) report({ type: "worker:unknown-statement", worker, statement });
    reported.add(statement);
  };
  const start = () => {
    health.connecting();
    const tasks = (run: TaskRun) => taskList(setup.subscribers, own, deps, onFatal, run);
    return startWorkerRun({ setup, worker, listens, formerId, tasks, onBeat, onUnknownStatement });
  };
  const connection = outage(worker, report);
  const former = formerRuns(executor, names, stopRequested);

  const replace = async (failed: WorkerRun) => {
    current = undefined;
    formerId = failed.id;
    await failed.abandon();
    // If its jobs were freed at once, other workers would make deliveries whose handlers still run here.
    former.free(failed.id, Promise.allSettled(running.values()), config.worker.deadAfterMs);
  };

  const keepRunning = async () => {
    let aliveSince = performance.now();
    // No pause at first: after a healthy run, the next one starts at once.
    let pauseMs = 0;
    const pause = async () => {
      if (pauseMs > 0) await settlesWithin(pauseMs * (0.5 + Math.random()), stopRequested);
      pauseMs = Math.min(Math.max(pauseMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    };
    while (!stopping) {
      if (current !== undefined) {
        const reason = await Promise.race([current.failed, stopRequested, fatal]);
        if (reason === undefined) return;
        connection.lost(reason);
        await replace(current);
        if (performance.now() - aliveSince > HEALTHY_MS) pauseMs = 0;
        await pause();
        if (stopping) return;
      }
      try {
        current = await start();
        connection.back();
        aliveSince = performance.now();
      } catch (error) {
        if (isFatal(error)) throw error;
        connection.lost(error);
        await pause();
      }
    }
  };

  /** Waits for the handlers, and then, for a moment, for those that were told to end. */
  const shutDown = async () => {
    connection.givenUp();
    const swept = housekeeping.stop();
    report({ type: "worker:stopping", worker, running: running.size });
    const drained = Promise.all(
      [current?.drain(), ...running.values()].map((promise) => promise?.catch(() => undefined)),
    );
    if (!(await settlesWithin(config.worker.shutdownTimeoutMs, drained))) {
      report({ type: "worker:aborting", worker, running: running.size });
      shutdown.abort();
      await settlesWithin(GRACE_MS + RECORD_MS, drained);
    }
    await settlesWithin(RECORD_MS, Promise.resolve(current?.stopBeating()));
    await settlesWithin(RECORD_MS, swept);
    await former.freeAll(current?.id);
    await current?.close();
    current = undefined;
    ended.abort();
    report({ type: "worker:stop", worker, durationMs: performance.now() - startedAt });
  };

  current = await start();
  const startedAt = performance.now();
  report({
    type: "worker:start",
    worker,
    application: config.application,
    subscribers: setup.subscribers.map((subscriber) => subscriber.name),
    concurrency: config.worker.concurrency,
    listens,
  });
  if (!listens && config.database.listen === undefined) {
    report({ type: "worker:polling", worker, pollIntervalMs: config.worker.pollIntervalMs });
  }
  const housekeeping = startHousekeeping(setup, worker, executor);
  const finished = keepRunning().then(shutDown, async (error: unknown) => {
    report({ type: "worker:error", worker, error });
    requestStop();
    await shutDown();
    throw error;
  });
  // A program may await `finished`, but need not: then a rejection must not end the process.
  const over = finished.catch(() => undefined);
  const stop = () => {
    requestStop();
    return over;
  };
  return { finished, stop };
}
