import type { WorkerEvents } from "graphile-worker";

/** So long must every look for jobs have found one before notifications are a waste. */
const BUSY_AFTER_MS = 1_000;

/** How jobs are looked for. */
export interface AwaitingOptions {
  readonly pollIntervalMs: number;
  /** How many jobs are taken in advance. Defaults to none. */
  readonly queueSize?: number | undefined;
}

/**
 * Follows whether a run of graphile-worker has to be told of new jobs, and tells the database when that changes. While
 * it is busy, publishers need not notify it, and NOTIFY makes transactions commit one after the other.
 *
 * @param tell is never called before its last call has ended. When it fails, the same is told again later.
 */
export function followAwaiting(
  events: WorkerEvents,
  tell: (awaits: boolean) => Promise<void>,
  { pollIntervalMs, queueSize = 0 }: AwaitingOptions,
): void {
  // Who sleeps between its looks has looked that long ago, though others of the same worker are busy.
  const busyAfterMs = Math.max(BUSY_AFTER_MS, 1.5 * pollIntervalMs);
  // What the database knows of a worker that is new.
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
      // A broken connection shows itself elsewhere, and one that is replaced begins anew.
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
