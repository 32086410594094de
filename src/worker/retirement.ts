import type { Executor } from "../outbox/executor.js";
import { retireWorker } from "../outbox/heartbeat.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { atMost } from "./at-most.js";

/** Frees what incarnations that are no more still hold. */
export interface Retirement {
  /** Frees it once the handlers are done, or after `patienceMs`, and then as soon as the database answers. */
  begin(id: string, handlers: Promise<unknown>, patienceMs: number): void;
  /** Frees, once and not for long, what is left, and what `last` holds. Never rejects. */
  end(last: string | undefined): Promise<void>;
}

const PAUSE_MS = 500;
const END_MS = 2_000;

export function retirement(
  executor: Executor,
  names: SchemaNames,
  stopRequested: Promise<unknown>,
): Retirement {
  const left = new Set<string>();
  const free = async (id: string) => {
    await retireWorker(executor, names, id);
    left.delete(id);
  };
  return {
    begin(id, handlers, patienceMs) {
      left.add(id);
      const keepTrying = async () => {
        await Promise.race([atMost(patienceMs, handlers), stopRequested]);
        // What a stop leaves over is left to `end`.
        for (let stopped = false; !stopped && left.has(id); ) {
          try {
            await free(id);
          } catch {
            stopped = await atMost(PAUSE_MS, stopRequested);
          }
        }
      };
      // Cannot reject: whatever fails in it is tried again.
      void keepTrying();
    },
    async end(last) {
      if (last !== undefined) left.add(last);
      await atMost(END_MS, Promise.all([...left].map((id) => free(id))));
    },
  };
}
