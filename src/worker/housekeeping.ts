import { pruneAll } from "../admin/prune.js";
import { isAboutConnecting } from "../delivery/connection-error.js";
import type { Executor } from "../outbox/executor.js";
import { advanceMarks, forgetWorkers, preferNewest, takeTurn } from "../outbox/keep-house.js";
import { wakeHeld } from "../outbox/pause.js";
import { subscriberStatus } from "../outbox/subscriber-status.js";
import { atMost } from "./at-most.js";
import { messageOf } from "./is-fatal.js";
import { lookForLost } from "./look-for-lost.js";
import { parkOrphans } from "./park-orphans.js";
import type { WorkerSetup } from "./worker-setup.js";

/** What keeps house while a worker runs. */
export interface Housekeeping {
  /** Begins nothing more; resolves when what runs has ended. Never rejects. */
  stop(): Promise<void>;
}

const TEND_MS = 2_000;
const WAKE_LOST_MS = 5_000;
const PARK_MS = 5_000;
/** With millions of jobs one look at them takes seconds: it takes at most this part of the time. */
const SHARE = 0.05;
const LOOK_FOR_ORPHANS_MS = 300_000;
/** A deployment takes its time: what waits for less is no orphan yet. */
const ORPHANED_AFTER_MS = 60_000;
const BATCH = 1_000;

/** So many events for each subscription are looked at together, and how few at least when that fails. */
const MOST_MARKED = 50_000;
const FEWEST_MARKED = 500;

/** Does from time to time what one worker has to do for all of them. */
export function keepHouse(setup: WorkerSetup, worker: string, executor: Executor): Housekeeping {
  const { intervalMs } = setup.config.retention;
  let stopped = false;
  let endPause = () => {};
  const once = choresOf(setup, worker, executor, () => stopped);
  const everyMs = Math.min(TEND_MS, intervalMs);
  const keepOn = async () => {
    while (!stopped) {
      await once();
      const paused = new Promise<void>((resolve) => {
        endPause = resolve;
      });
      // Of several workers another one may come first next time.
      if (!stopped) await atMost(everyMs * (0.75 + Math.random() / 2), paused);
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

/** The same once, where no worker runs all the time. Begins nothing more when `isStopped`. Never rejects. */
export async function keepHouseOnce(
  setup: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): Promise<void> {
  await choresOf(setup, worker, executor, isStopped)();
}

/** What does, when it is called, what is to be done then. */
function choresOf(
  { names, report, config: { retention, application } }: WorkerSetup,
  worker: string,
  executor: Executor,
  isStopped: () => boolean,
): () => Promise<void> {
  const reported = new Set<string>();
  let most = MOST_MARKED;

  const inTurn = async (
    chore: Parameters<typeof takeTurn>[2],
    everyMs: number,
    work: () => Promise<void>,
  ) => {
    if (!isStopped() && (await takeTurn(executor, names, chore, everyMs))) await work();
  };
  // Who has learnt how long it takes lets that much more time pass, whichever worker did it last.
  const sparingly = (chore: Parameters<typeof takeTurn>[2], leastMs: number, work: () => Promise<void>) => {
    let everyMs = leastMs;
    return () =>
      inTurn(chore, everyMs, async () => {
        const startedAt = performance.now();
        try {
          await work();
        } finally {
          everyMs = Math.max(leastMs, (performance.now() - startedAt) / SHARE);
        }
      });
  };
  const tend = async () => {
    // First: what is held waits for it, the marks only make things faster.
    while (!isStopped() && (await wakeHeld(executor, names, BATCH)) === BATCH);
    await preferNewest(executor, names);
    try {
      await advanceMarks(executor, names, most);
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
  const chores = [
    () => inTurn("tend", TEND_MS, tend),
    // Each worker schema has its own jobs.
    sparingly(`wake lost ${names.workerSchema}`, WAKE_LOST_MS, wakeLost),
    sparingly(`park ${names.workerSchema}`, PARK_MS, park),
    () => inTurn("prune", retention.intervalMs, prune),
    () => inTurn("look for orphans", LOOK_FOR_ORPHANS_MS, lookForOrphans),
  ];
  return async () => {
    for (const chore of chores) {
      try {
        await chore();
      } catch (error) {
        // Connections are watched elsewhere. Anything else would go on for ever, and is said once.
        const message = messageOf(error);
        if (isAboutConnecting(error) || reported.has(message)) continue;
        reported.add(message);
        report({ type: "housekeeping:error", worker, error });
      }
    }
  };
}
