import type { WorkerEvents } from "graphile-worker";

/** The error that stops a loop of graphile-worker, because no more jobs may be taken. */
export class ClaimsClosed extends Error {}

/** Lets graphile-worker take a job only if its handler can start at once. */
export interface ClaimGate {
  /** The option `forbiddenFlags` of graphile-worker, which calls and awaits it before each query for a job. */
  readonly enter: () => null | Promise<null>;
  /** Must be called when the handler of a job has ended: another handler may start. */
  leave(): void;
  /** Takes no more jobs, and rejects the loops that wait, so that graphile-worker can stop them. */
  close(): void;
}

/**
 * Opens a gate for `loops` loops of graphile-worker. At most `places` of them have a job whose handler has not ended. The other
 * loops record outcomes, many with one statement, and no handler has to wait for that. A loop that finds no job keeps its place
 * and polls. Loops without a place do not poll.
 */
export function openClaimGate(events: WorkerEvents, loops: number, places: number): ClaimGate {
  let starting = loops;
  let taken = 0;
  let comesFromJob = false;
  let closed = false;
  const parked: { readonly resolve: (go: null) => void; readonly reject: (error: Error) => void }[] = [];
  // After this event, and in the same turn of the event loop, the loop that has completed its job calls `enter` for the next one.
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
