import type { Report } from "../log/telemetry.js";
import { messageOf } from "./is-fatal.js";

/** Reports each outage once, even if many attempts to connect fail. */
export interface Outage {
  /** Called if the connections are lost, or still are. */
  lost(cause: unknown): void;
  back(): void;
  /** Called if the worker gives up connecting. */
  givenUp(): void;
}

export function outage(worker: string, report: Report): Outage {
  let lostAt: number | undefined;
  let last: unknown;
  const over = () => {
    const durationMs = performance.now() - (lostAt ?? 0);
    lostAt = undefined;
    return durationMs;
  };
  return {
    lost(cause) {
      last = cause;
      if (lostAt !== undefined) return;
      lostAt = performance.now();
      report({ type: "recover:start", worker, reason: messageOf(cause) });
    },
    back() {
      if (lostAt !== undefined) report({ type: "recover:stop", worker, durationMs: over() });
    },
    givenUp() {
      if (lostAt !== undefined) report({ type: "recover:error", worker, durationMs: over(), error: last });
    },
  };
}
