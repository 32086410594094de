import type { Executor } from "../outbox/executor.js";
import { retireWorker } from "../outbox/heartbeat.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { settlesWithin } from "./settles-within.js";

/** Frees the jobs that replaced or stopped runs of graphile-worker still hold. */
export interface FormerRuns {
  /** Frees the jobs of a run once its handlers have ended, or after `patienceMs`. Retries until the database answers. */
  free(id: string, handlers: Promise<unknown>, patienceMs: number): void;
  /** Tries once, for a short time, to free the jobs of the `last` run and of all remaining runs. Never rejects. */
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
        // If the worker stops, `freeAll` frees the rest.
        for (let stopped = false; !stopped && left.has(id); ) {
          try {
            await freeNow(id);
          } catch {
            stopped = await settlesWithin(PAUSE_MS, stopRequested);
          }
        }
      };
      // Cannot reject: every failure is retried.
      void keepTrying();
    },
    async freeAll(last) {
      if (last !== undefined) left.add(last);
      await settlesWithin(LONGEST_MS, Promise.all([...left].map((id) => freeNow(id))));
    },
  };
}
