import type { WorkerEvents } from "graphile-worker";

/** Why a worker of graphile-worker may not claim any more. */
export class ClaimsClosed extends Error {}

/** Lets graphile-worker claim a job only when there is a handler's place for it. */
export interface ClaimGate {
  /** To be given to graphile-worker as `forbiddenFlags`: it asks before each claim, and waits for the answer. */
  readonly enter: () => null | Promise<null>;
  /** The handler of a claimed job has ended: its place is free. */
  leave(): void;
  /** Nobody claims any more: who waits comes to rest, so that it can be stopped. */
  close(): void;
}

/**
 * Opens a gate for `loops` workers of graphile-worker, of which `places` may have a job whose handler has not ended. The
 * others write down outcomes meanwhile, many with one statement, and no place stands empty because of that. Those that
 * found no job keep their places and look again from time to time; no others do.
 */
export function openClaimGate(events: WorkerEvents, loops: number, places: number): ClaimGate {
  let starting = loops;
  let taken = 0;
  let comesFromJob = false;
  let closed = false;
  const parked: { readonly resolve: (go: null) => void; readonly reject: (error: Error) => void }[] = [];
  // Whoever completes a job asks for the next one in the same turn, right after this.
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
