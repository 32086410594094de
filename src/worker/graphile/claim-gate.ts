import type { WorkerEvents } from "graphile-worker";

/** Thrown to a loop of graphile-worker that may not take jobs any more. */
export class ClaimsClosed extends Error {}

/** Lets graphile-worker take a job only when a handler may run for it. */
export interface ClaimGate {
  /** To be given to graphile-worker as `forbiddenFlags`, which it calls and awaits before each look for a job. */
  readonly enter: () => null | Promise<null>;
  /** The handler of a job has ended: another one may run. */
  leave(): void;
  /** No more jobs are taken: loops that wait are rejected, so that they can be stopped. */
  close(): void;
}

/**
 * Opens a gate for `loops` loops of graphile-worker, of which `places` may have a job whose handler has not ended. The
 * others record outcomes meanwhile, many with one statement, so that no place stays empty for that. Loops that found no job
 * keep their places and poll; no others do.
 */
export function openClaimGate(events: WorkerEvents, loops: number, places: number): ClaimGate {
  let starting = loops;
  let taken = 0;
  let comesFromJob = false;
  let closed = false;
  const parked: { readonly resolve: (go: null) => void; readonly reject: (error: Error) => void }[] = [];
  // A loop that completes a job asks for the next one in the same turn, right after this event.
  events.on("job:complete", () => {
    comesFromJob = true;
  });
  return {
    enter() {
      if (closed) throw new ClaimsClosed();
      const hasPlace = !comesFromJob && starting === 0;
      if (!comesFromJob && starting > 0) starting -= 1;
      comesFromJob = false;
      if (hasPlace) return null;
      if (taken < places) {
        taken += 1;
        return null;
      }
      return new Promise((resolve, reject) => parked.push({ resolve, reject }));
    },
    leave() {
      const next = parked.shift();
      if (next === undefined) taken -= 1;
      else next.resolve(null);
    },
    close() {
      closed = true;
      for (const { reject } of parked.splice(0)) reject(new ClaimsClosed());
    },
  };
}
