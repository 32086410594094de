import { EventBusError } from "../errors.js";
import { branded } from "../outbox/executor.js";
import type { Heartbeat } from "../outbox/heartbeat.js";
import { atMost } from "./at-most.js";
import { deliverDeps, GRACE_MS, nextWorkerName } from "./deliver-deps.js";
import { type Incarnation, startIncarnation } from "./incarnation.js";
import { isFatal, messageOf } from "./is-fatal.js";
import { retirement } from "./retirement.js";
import { type RunningDeliveries, taskList } from "./task-list.js";
import type { WorkerSetup } from "./worker-setup.js";

/** What keeps graphile-worker running, and stops it. */
export interface Supervisor {
  readonly finished: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How long the outcomes of handlers that were given up may take to be written. */
const RECORD_MS = 2_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Runs one incarnation of graphile-worker after the other. Whatever happens to its connections, an incarnation is
 * never mended but replaced, and what it had claimed is freed by its id: nobody can know which of its statements
 * took effect.
 *
 * Handlers live on meanwhile, and their outcomes are written through the incarnation that comes next.
 *
 * @throws what keeps the first incarnation from starting.
 */
export async function supervise(setup: WorkerSetup): Promise<Supervisor> {
  const { config, names, report } = setup;
  const worker = nextWorkerName(setup.host);
  const running: RunningDeliveries = new Map();
  const shutdown = new AbortController();
  let current: Incarnation | undefined;
  let stopping = false;
  let requestStop = () => {};
  const stopRequested = new Promise<undefined>((resolve) => {
    requestStop = () => {
      stopping = true;
      resolve(undefined);
    };
  });

  const executor = branded(async (sql, values) => {
    if (current === undefined) throw new EventBusError("DATABASE_UNREACHABLE", "The worker is reconnecting.");
    return current.executor.query(sql, values);
  });
  const deps = deliverDeps(setup, worker, executor, shutdown.signal);
  const onBeat = ({ fresh, swept }: Heartbeat, first: boolean) => {
    if (swept.length > 0) report({ type: "workers-swept", worker, dead: swept });
    if (fresh && !first) report({ type: "held-for-dead", worker, deadAfterMs: config.worker.deadAfterMs });
  };
  const start = () => startIncarnation(setup, taskList(setup.subscribers, running, deps), onBeat);
  const retiring = retirement(executor, names, stopRequested);

  const replace = async (failed: Incarnation) => {
    current = undefined;
    await failed.abandon();
    // Freed at once, what still runs here would run a second time elsewhere.
    retiring.begin(failed.id, Promise.allSettled(running.values()), config.worker.deadAfterMs);
  };

  const keepRunning = async () => {
    let lostAt: number | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    const lost = (reason: string) => {
      if (lostAt === undefined) report({ type: "connection-lost", worker, reason });
      lostAt ??= performance.now();
    };
    while (!stopping) {
      if (current !== undefined) {
        const reason = await Promise.race([current.failed, stopRequested]);
        if (reason === undefined) return;
        lost(reason);
        await replace(current);
      }
      try {
        current = await start();
        report({ type: "recovered", worker, afterMs: performance.now() - (lostAt ?? 0) });
        lostAt = undefined;
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (isFatal(error)) throw error;
        lost(messageOf(error));
        await atMost(pauseMs * (0.5 + Math.random()), stopRequested);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  };

  /** Waits for the handlers, then for those that were told to end, then for nothing. */
  const shutDown = async () => {
    report({ type: "worker-stopping", worker, running: running.size });
    const drained = Promise.all(
      [current?.drain(), ...running.values()].map((promise) => promise?.catch(() => undefined)),
    );
    if (!(await atMost(config.worker.shutdownTimeoutMs, drained))) {
      report({ type: "worker-aborting", worker, running: running.size });
      shutdown.abort();
      await atMost(GRACE_MS + RECORD_MS, drained);
    }
    await atMost(RECORD_MS, Promise.resolve(current?.stopBeating()));
    await retiring.end(current?.id);
    await current?.close();
    current = undefined;
    report({ type: "worker-stopped", worker });
  };

  current = await start();
  report({
    type: "worker-started",
    worker,
    application: config.application,
    subscribers: setup.subscribers.map((subscriber) => subscriber.name),
    concurrency: config.worker.concurrency,
  });
  const finished = keepRunning().then(shutDown, async (error: unknown) => {
    report({ type: "worker-failed", worker, error });
    requestStop();
    await shutDown();
    throw error;
  });
  // Whoever wants to know awaits it. Nobody has to, and the process must not end because of that.
  const ended = finished.catch(() => undefined);
  const stop = () => {
    requestStop();
    return ended;
  };
  return { finished, stop };
}
