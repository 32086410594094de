import type { WorkerEvents } from "graphile-worker";

/** So long must every look for jobs have found one before notifications are a waste. */
const BUSY_AFTER_MS = 1_000;

/**
 * Follows whether a run of graphile-worker has to be told of new jobs, and tells the database when that changes. While
 * it is busy, publishers need not notify it, and NOTIFY makes transactions commit one after the other.
 *
 * @param tell is never called before its last call has ended. When it fails, the same is told again later.
 */
export function followAwaiting(events: WorkerEvents, tell: (awaits: boolean) => Promise<void>): void {
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
  events.on("worker:getJob:empty", () => {
    lastEmptyAt = performance.now();
    wanted = true;
    void inform();
  });
  events.on("job:start", () => {
    if (performance.now() - lastEmptyAt < BUSY_AFTER_MS) return;
    wanted = false;
    void inform();
  });
}
