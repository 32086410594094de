import type { Executor } from "../outbox/executor.js";
import { FROM_THE_FIRST, type LookedUpTo, noteUnknownWorkers, wakeLost } from "../outbox/lost-deliveries.js";
import type { SchemaNames } from "../outbox/schema-names.js";

/** The deliveries that got new jobs. */
export interface Woken {
  readonly subscribers: readonly string[];
  readonly deliveries: number;
}

/** How many open deliveries are compared with the jobs in one statement, and in one turn. */
const MOST_LOOKED_AT = 10_000;

/**
 * Finds open deliveries without a job and adds jobs for them. Each call checks some deliveries, and the next call continues there.
 */
export function lookForLost(
  executor: Executor,
  names: SchemaNames,
  isStopped: () => boolean,
  onWoken: (woken: Woken) => void,
): () => Promise<void> {
  let from: LookedUpTo = FROM_THE_FIRST;
  return async () => {
    await noteUnknownWorkers(executor, names);
    do {
      const { woken, next } = await wakeLost(executor, names, from, MOST_LOOKED_AT);
      from = next ?? FROM_THE_FIRST;
      if (woken.length === 0) return;
      onWoken({
        subscribers: woken.map(({ subscriber }) => subscriber),
        deliveries: woken.reduce((sum, { deliveries }) => sum + deliveries, 0),
      });
      // If one job was lost, others probably were: the search continues at once.
    } while (from !== FROM_THE_FIRST && !isStopped());
  };
}
