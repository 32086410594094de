import type { EventBusConfig } from "../registry/define-config.js";

/** So many times as many jobs as handlers are under way with high throughput. */
const UNDER_WAY = 8;

/** How many jobs a worker takes in advance. Undefined: none. */
export function queueSizeOf({
  concurrency,
  throughput,
}: Pick<EventBusConfig["worker"], "concurrency" | "throughput">): number | undefined {
  return throughput === "high" ? UNDER_WAY * concurrency : undefined;
}
