import type { WorkerEvents } from "graphile-worker";

/** For how long every look for jobs must have found one before a worker needs no notifications. */
const BUSY_AFTER_MS = 1_000;

/** How jobs are looked for. */
export interface AwaitingOptions {
  readonly pollIntervalMs: number;
  /** How many jobs are taken in advance. Defaults to none. */
  readonly queueSize?: number | undefined;
}

/**
 * Follows whether a run of graphile-worker needs notifications of new jobs, and tells the database when that changes. A
 * busy run finds them anyway, and NOTIFY makes publishing transactions commit one after the other.
 *
 * @param tell is never called before its last call has ended. When it fails, the same is told again later.
 */
export function followAwaiting(
  events: WorkerEvents,
  tell: (awaits: boolean) => Promise<void>,
  { pollIntervalMs, queueSize = 0 }: AwaitingOptions,
): void {
  // A loop that sleeps last looked up to a poll interval ago, though other loops of the same worker are busy.
  const busyAfterMs = Math.max(BUSY_AFTER_MS, 1.5 * pollIntervalMs);
  // As the database has it for a new worker.
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
      // A broken connection is noticed elsewhere, and the next run begins anew.
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
  // With a local queue only that one looks.
  events.on("localQueue:getJobs:complete", ({ jobs }) => {
    if (jobs.length < queueSize) empty();
  });
  events.on("job:start", () => {
    if (performance.now() - lastEmptyAt < busyAfterMs) return;
    wanted = false;
    void inform();
  });
}
