import type { WorkerEvents } from "graphile-worker";

/** A worker needs no notifications once every query for jobs has found some for this long. */
const BUSY_AFTER_MS = 1_000;

/** Options of {@link followAwaiting}. */
export interface AwaitingOptions {
  readonly pollIntervalMs: number;
  /** How many jobs the local queue takes in advance. Defaults to no queue. */
  readonly queueSize?: number | undefined;
}

/**
 * Follows whether a run of graphile-worker needs notifications of new jobs, and records each change in the database. A busy run
 * finds the jobs anyway, and NOTIFY makes publishing transactions commit one after the other.
 *
 * @param tell records it. Its calls do not overlap. After a failure, a later event of the run tries again.
 */
export function followAwaiting(
  events: WorkerEvents,
  tell: (awaits: boolean) => Promise<void>,
  { pollIntervalMs, queueSize = 0 }: AwaitingOptions,
): void {
  // One loop can have been asleep for a whole poll interval while other loops of the worker are busy.
  const busyAfterMs = Math.max(BUSY_AFTER_MS, 1.5 * pollIntervalMs);
  // The database has this value for a new worker.
  let told = true;
  let wanted = true;
  let isTelling = false;
  let lastEmptyAt = performance.now();

  const inform = async () => {
    if (isTelling) return;
    isTelling = true;
    try {
      while (told !== wanted) {
        const next = wanted;
        await tell(next);
        told = next;
      }
    } catch {
      // Other code handles a broken connection. The next run then starts with the values above.
    } finally {
      isTelling = false;
    }
  };
  const empty = () => {
    lastEmptyAt = performance.now();
    wanted = true;
    void inform();
  };
  events.on("worker:getJob:empty", empty);
  // With a local queue, only the queue sends queries for jobs.
  events.on("localQueue:getJobs:complete", ({ jobs }) => {
    if (jobs.length < queueSize) empty();
  });
  events.on("job:start", () => {
    if (performance.now() - lastEmptyAt < busyAfterMs) return;
    wanted = false;
    void inform();
  });
}
