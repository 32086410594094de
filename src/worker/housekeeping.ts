import { pruneAll } from "../admin/prune.js";
import { isAboutConnecting } from "../delivery/connection-error.js";
import type { Executor } from "../outbox/executor.js";
import { advanceCheckpoints, forgetWorkers, preferNewest, takeTurn } from "../outbox/maintenance.js";
import { wakeHeld } from "../outbox/pause.js";
import { subscriberStatus } from "../outbox/subscriber-status.js";
import { messageOf } from "./is-fatal.js";
import { lookForLost } from "./look-for-lost.js";
import { parkOrphans } from "./park-orphans.js";
import { settlesWithin } from "./settles-within.js";
import type { WorkerSetup } from "./worker-setup.js";

/** The maintenance that one worker does for all of them, while it runs. */
export interface Housekeeping {
  /** Starts no further task; resolves when the running one has ended. Never rejects. */
  stop(): Promise<void>;
}

const TEND_MS = 2_000;
const WAKE_LOST_MS = 5_000;
const PARK_MS = 5_000;
/** With millions of jobs one look at them takes seconds: such a task runs for at most this part of the time. */
const SHARE = 0.05;
const LOOK_FOR_ORPHANS_MS = 300_000;
/** Deployments take time: a delivery that has waited for less is not orphaned. */
const ORPHANED_AFTER_MS = 60_000;
const BATCH = 1_000;

/** How many events of each subscription one statement looks at; fewer after it has failed, down to the least. */
const MOST_MARKED = 50_000;
const FEWEST_MARKED = 500;

/** Runs the maintenance tasks, each when it is due and no other worker has just done it. */
export function startHousekeeping(setup: WorkerSetup, worker: string, executor: Executor): Housekeeping {
  const { intervalMs } = setup.config.retention;
  let stopped = false;
  let endPause = () => {};
  const once = passOf(setup, worker, executor, () => stopped);
  const everyMs = Math.min(TEND_MS, intervalMs);
  const keepOn = async () => {
    while (!stopped) {
      await once();
      const paused = new Promise<void>((resolve) => {
        endPause = resolve;
      });
      // At random, so that another worker may be first next time.
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

/** Runs them once, for where no worker runs all the time. Starts no further task when `isStopped`. Never rejects. */
export async function runHousekeeping(
  setup: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): Promise<void> {
  await passOf(setup, worker, executor, isStopped)();
}

/** A function that runs each task that is due, one after the other. */
function passOf(
  { names, report, config: { retention, application } }: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): () => Promise<void> {
  const reported = new Set<string>();
  let most = MOST_MARKED;

  const inTurn = async (task: Parameters<typeof takeTurn>[2], everyMs: number, work: () => Promise<void>) => {
    if (!isStopped() && (await takeTurn(executor, names, task, everyMs))) await work();
  };
  // A task that takes long is run more rarely by the worker that has seen it, whichever worker ran it last.
  const sparingly = (task: Parameters<typeof takeTurn>[2], leastMs: number, work: () => Promise<void>) => {
    let everyMs = leastMs;
    return () =>
      inTurn(task, everyMs, async () => {
        const startedAt = performance.now();
        try {
          await work();
        } finally {
          everyMs = Math.max(leastMs, (performance.now() - startedAt) / SHARE);
        }
      });
  };
  const tend = async () => {
    // First: paused deliveries wait for it, while checkpoints only make other statements faster.
    while (!isStopped() && (await wakeHeld(executor, names, BATCH)) === BATCH);
    await preferNewest(executor, names);
    try {
      await advanceCheckpoints(executor, names, most);
      most = Math.min(2 * most, MOST_MARKED);
    } catch (error) {
      // It may have taken too long.
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
    () => inTurn("tend", TEND_MS, tend),
    // Each worker schema has its own jobs.
    sparingly(`wake lost ${names.workerSchema}`, WAKE_LOST_MS, wakeLost),
    sparingly(`park ${names.workerSchema}`, PARK_MS, park),
    () => inTurn("prune", retention.intervalMs, prune),
    () => inTurn("look for orphans", LOOK_FOR_ORPHANS_MS, lookForOrphans),
  ];
  return async () => {
    for (const task of tasks) {
      try {
        await task();
      } catch (error) {
        // Connections are watched elsewhere. Any other error would come again and again, and is reported once.
        const message = messageOf(error);
        if (isAboutConnecting(error) || reported.has(message)) continue;
        reported.add(message);
        report({ type: "housekeeping:error", worker, error });
      }
    }
  };
}
