import { pruneAll } from "../admin/prune.js";
import { isAboutConnecting } from "../delivery/connection-error.js";
import type { Executor } from "../outbox/executor.js";
import {
  advanceCheckpoints,
  forgetWorkers,
  type MaintenanceTask,
  preferNewest,
  startIfDue,
} from "../outbox/maintenance.js";
import { wakeHeld } from "../outbox/pause.js";
import { subscriberStatus } from "../outbox/subscriber-status.js";
import { messageOf } from "./is-fatal.js";
import { lookForLost } from "./look-for-lost.js";
import { parkOrphans } from "./park-orphans.js";
import { settlesWithin } from "./settles-within.js";
import type { WorkerSetup } from "./worker-setup.js";

/** Housekeeping: periodic tasks that one worker runs for all. */
export interface Housekeeping {
  /** Starts no further task. Resolves once the running one has ended. Never rejects. */
  stop(): Promise<void>;
}

const SUBSCRIPTIONS_MS = 2_000;
const WAKE_LOST_MS = 5_000;
const PARK_MS = 5_000;
/** The greatest share of time that a slow task may run: with millions of jobs, reading them takes seconds. */
const SHARE = 0.05;
const LOOK_FOR_ORPHANS_MS = 300_000;
/** A delivery that has waited for less is not orphaned, because deployments take time. */
const ORPHANED_AFTER_MS = 60_000;
const BATCH = 1_000;

/** How many events of each subscription one statement reads. Fewer after a failure, down to the minimum. */
const MOST_MARKED = 50_000;
const FEWEST_MARKED = 500;

/** Runs each task when it is due, unless another worker has just run it. */
export function startHousekeeping(setup: WorkerSetup, worker: string, executor: Executor): Housekeeping {
  const { intervalMs } = setup.config.retention;
  let stopped = false;
  let endPause = () => {};
  const once = passOf(setup, worker, executor, () => stopped);
  const everyMs = Math.min(SUBSCRIPTIONS_MS, intervalMs);
  const keepOn = async () => {
    while (!stopped) {
      await once();
      const paused = new Promise<void>((resolve) => {
        endPause = resolve;
      });
      // A random pause, so that another worker may be first next time.
      if (!stopped) await settlesWithin(everyMs * (0.75 + Math.random() / 2), paused);
    }
  };
  const kept = keepOn();
  return {
    async stop() {
      stopped = true;
      endPause();
      await kept;
    },
  };
}

/** Runs the due tasks once, for programs without a running worker. Starts no further task if `isStopped`. Never rejects. */
export async function runHousekeeping(
  setup: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): Promise<void> {
  await passOf(setup, worker, executor, isStopped)();
}

/** Returns a function that runs all due tasks, one after the other. */
function passOf(
  { names, report, config: { retention, application } }: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): () => Promise<void> {
  const reported = new Set<string>();
  let most = MOST_MARKED;

  const ifDue = async (task: MaintenanceTask, everyMs: number, work: () => Promise<void>) => {
    if (!isStopped() && (await startIfDue(executor, names, task, everyMs))) await work();
  };
  // A worker that has seen a task take long runs it more rarely, whichever worker ran it last.
  const sparingly = (task: MaintenanceTask, leastMs: number, work: () => Promise<void>) => {
    let everyMs = leastMs;
    return () =>
      ifDue(task, everyMs, async () => {
        const startedAt = performance.now();
        try {
          await work();
        } finally {
          everyMs = Math.max(leastMs, (performance.now() - startedAt) / SHARE);
        }
      });
  };
  const maintainSubscriptions = async () => {
    // First, because deliveries wait for it. Checkpoints only make other statements faster.
    while (!isStopped() && (await wakeHeld(executor, names, BATCH)) === BATCH);
    await preferNewest(executor, names);
    try {
      await advanceCheckpoints(executor, names, most);
      most = Math.min(2 * most, MOST_MARKED);
    } catch (error) {
      // The statement may have taken too long.
      most = Math.max(Math.floor(most / 10), FEWEST_MARKED);
      throw error;
    }
  };
  const prune = async () => {
    const startedAt = performance.now();
    const settings = { batchSize: BATCH, onProgress: () => undefined, isAborted: isStopped };
    report({ type: "prune:start", worker });
    try {
      await forgetWorkers(executor, names);
      const result = await pruneAll(executor, names, retention, settings, application);
      report({ type: "prune:stop", worker, ...result, durationMs: performance.now() - startedAt });
    } catch (error) {
      report({ type: "prune:error", worker, durationMs: performance.now() - startedAt, error });
    }
  };
  const lookForOrphans = async () => {
    const since = Date.now() - ORPHANED_AFTER_MS;
    const orphans = (await subscriberStatus(executor, names)).filter(
      ({ isOrphaned, oldestOpen }) => isOrphaned && oldestOpen !== null && oldestOpen.getTime() < since,
    );
    if (orphans.length === 0) return;
    report({
      type: "subscribers:orphaned",
      worker,
      subscribers: orphans.map(({ subscriber }) => subscriber),
    });
  };
  const wakeLost = lookForLost(executor, names, isStopped, (found) =>
    report({ type: "deliveries:woken", worker, ...found }),
  );
  const park = parkOrphans(executor, names, isStopped);
  const tasks = [
    () => ifDue("subscriptions", SUBSCRIPTIONS_MS, maintainSubscriptions),
    // Each worker schema has its own jobs.
    sparingly(`wake lost ${names.workerSchema}`, WAKE_LOST_MS, wakeLost),
    sparingly(`park ${names.workerSchema}`, PARK_MS, park),
    () => ifDue("prune", retention.intervalMs, prune),
    () => ifDue("look for orphans", LOOK_FOR_ORPHANS_MS, lookForOrphans),
  ];
  return async () => {
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        // Lost connections are handled elsewhere. Any other error would repeat, so it is reported once.
        const message = messageOf(error);
        if (isAboutConnecting(error) || reported.has(message)) continue;
        reported.add(message);
        report({ type: "housekeeping:error", worker, error });
      }
    }
  };
}
