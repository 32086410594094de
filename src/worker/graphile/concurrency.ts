import type { WorkerEvents } from "graphile-worker";

import type { EventBusConfig } from "../../registry/define-config.js";
import { type ClaimGate, openClaimGate } from "./claim-gate.js";

type Settings = Pick<EventBusConfig["worker"], "concurrency" | "throughput">;

/** With high throughput, how many times as many jobs are under way as handlers may run. */
const UNDER_WAY = 8;

/** How many jobs a worker takes in advance. Undefined: none. */
export function queueSizeOf({ concurrency, throughput }: Settings): number | undefined {
  return throughput === "high" ? UNDER_WAY * concurrency : undefined;
}

/**
 * With high throughput jobs are taken in advance, many at once, and more of them are under way than handlers may run:
 * while some wait for the database to answer, others run.
 */
export function concurrencyOf({ concurrency, throughput }: Settings, gate: ClaimGate | undefined) {
  const size = queueSizeOf({ concurrency, throughput });
  if (size !== undefined) return { concurrentJobs: size, localQueue: { size } };
  return { concurrentJobs: gate === undefined ? concurrency : loopsOf(concurrency) };
}

/** Twice as many as handlers: while the outcomes of some are recorded, others run. */
function loopsOf(concurrency: number): number {
  return 2 * concurrency;
}

/** What keeps graphile-worker from taking jobs while all handlers run. Undefined: it takes jobs in advance anyway. */
export function claimGate(
  events: WorkerEvents,
  { concurrency, throughput }: Settings,
): ClaimGate | undefined {
  return throughput === "high" ? undefined : openClaimGate(events, loopsOf(concurrency), concurrency);
}
