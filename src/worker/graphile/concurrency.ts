import type { WorkerEvents } from "graphile-worker";

import type { EventBusConfig } from "../../registry/define-config.js";
import { type ClaimGate, openClaimGate } from "./claim-gate.js";

type Settings = Pick<EventBusConfig["worker"], "concurrency" | "throughput">;

/** With high throughput, this many jobs are taken for each handler that may run. */
const UNDER_WAY = 8;

/** The size of the local queue, from which graphile-worker takes jobs in advance. Undefined if there is none. */
export function queueSizeOf({ concurrency, throughput }: Settings): number | undefined {
  return throughput === "high" ? UNDER_WAY * concurrency : undefined;
}

/**
 * The concurrency of graphile-worker. With high throughput it takes many jobs at once and in advance, more than handlers may run:
 * while the outcomes of some are recorded, the handlers of others run.
 */
export function concurrencyOf({ concurrency, throughput }: Settings, gate: ClaimGate | undefined) {
  const size = queueSizeOf({ concurrency, throughput });
  if (size !== undefined) return { concurrentJobs: size, localQueue: { size } };
  return { concurrentJobs: gate === undefined ? concurrency : loopsOf(concurrency) };
}

/** Twice as many as handlers, for the same reason. */
function loopsOf(concurrency: number): number {
  return 2 * concurrency;
}

/** Keeps graphile-worker from taking jobs while the greatest number of handlers runs. Undefined if it takes jobs in advance. */
export function claimGate(
  events: WorkerEvents,
  { concurrency, throughput }: Settings,
): ClaimGate | undefined {
  return throughput === "high" ? undefined : openClaimGate(events, loopsOf(concurrency), concurrency);
}
