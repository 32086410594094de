import type { Executor } from "../outbox/executor.js";
import { retireWorker } from "../outbox/heartbeat.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { settlesWithin } from "./settles-within.js";

/** Frees the jobs that runs of graphile-worker still hold after they were replaced or stopped. */
export interface FormerRuns {
  /** Frees those of a run once its handlers have ended, or after `patienceMs`, and then as soon as the database answers. */
  free(id: string, handlers: Promise<unknown>, patienceMs: number): void;
  /** Tries once, and not for long, to free those of the `last` run and of all that are left. Never rejects. */
  freeAll(last: string | undefined): Promise<void>;
}

const PAUSE_MS = 500;
const LONGEST_MS = 2_000;

export function formerRuns(
  executor: Executor,
  names: SchemaNames,
  stopRequested: Promise<unknown>,
): FormerRuns {
  const left = new Set<string>();
  const freeNow = async (id: string) => {
    await retireWorker(executor, names, id);
    left.delete(id);
  };
  return {
    free(id, handlers, patienceMs) {
      left.add(id);
      const keepTrying = async () => {
        await Promise.race([settlesWithin(patienceMs, handlers), stopRequested]);
        // When the worker stops, the rest is left to `freeAll`.
        for (let stopped = false; !stopped && left.has(id); ) {
          try {
            await freeNow(id);
          } catch {
            stopped = await settlesWithin(PAUSE_MS, stopRequested);
          }
        }
      };
      // Cannot reject: whatever fails in it is tried again.
      void keepTrying();
    },
    async freeAll(last) {
      if (last !== undefined) left.add(last);
      await settlesWithin(LONGEST_MS, Promise.all([...left].map((id) => freeNow(id))));
    },
  };
}
