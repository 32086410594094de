import type { WorkerEvents } from "graphile-worker";

/** So long may a delivery wait for others that are being claimed, in milliseconds. */
const LONGEST_WAIT_MS = 2;

/** Tells when more deliveries are about to come. */
export interface ClaimFlow {
  /** Follows the claims of one run of graphile-worker, and no others any more. */
  follow(events: WorkerEvents): void;
  /** Undefined when nothing is being claimed; else resolves when that has ended, and soon in any case. */
  rest(): Promise<void> | undefined;
}

/** Follows what is being claimed, so that what is claimed together is read together. */
export function followClaims(): ClaimFlow {
  let claiming = new Set<string>();
  let endWait: (() => void) | undefined;
  return {
    follow(events) {
      const own = new Set<string>();
      claiming = own;
      const ended = ({ worker }: { readonly worker: { readonly workerId: string } }) => {
        own.delete(worker.workerId);
        if (own.size === 0) endWait?.();
      };
      events.on("worker:getJob:start", ({ worker }) => own.add(worker.workerId));
      events.on("worker:getJob:empty", ended);
      events.on("worker:getJob:error", ended);
      events.on("job:start", ended);
    },
    rest() {
      if (claiming.size === 0) return undefined;
      return new Promise((resolve) => {
        const timer = setTimeout(() => endWait?.(), LONGEST_WAIT_MS);
        endWait = () => {
          endWait = undefined;
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
