import type { WorkerEvents } from "graphile-worker";

import type { Report } from "../../log/telemetry.js";

/** Reports each query for a job, and its result. */
export function reportClaims(events: WorkerEvents, worker: string, report: Report): void {
  // Each loop queries for one job at a time.
  const startedAt = new Map<string, number>();
  const took = (id: string): number | undefined => {
    const since = startedAt.get(id);
    startedAt.delete(id);
    return since === undefined ? undefined : performance.now() - since;
  };
  const stop = (id: string, jobs: number) => {
    const durationMs = took(id);
    if (durationMs !== undefined) report({ type: "claim:stop", worker, jobs, durationMs });
  };
  events.on("worker:getJob:start", ({ worker: { workerId } }) => {
    startedAt.set(workerId, performance.now());
    report({ type: "claim:start", worker });
  });
  events.on("worker:getJob:empty", ({ worker: { workerId } }) => stop(workerId, 0));
  events.on("job:start", ({ worker: { workerId } }) => stop(workerId, 1));
  events.on("worker:getJob:error", ({ worker: { workerId }, error }) => {
    const durationMs = took(workerId);
    if (durationMs !== undefined) report({ type: "claim:error", worker, durationMs, error });
  });
}
