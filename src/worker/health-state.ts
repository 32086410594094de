import type { Report } from "../log/telemetry.js";

/** Whether a worker is alive: its process responds, and it makes deliveries or tries to connect. */
export interface Live {
  readonly isLive: boolean;
  readonly phase: Phase;
  /** The time since the last heartbeat or attempt to connect. */
  readonly lastSignMs: number;
}

/** Whether a worker makes deliveries now. */
export interface Ready {
  readonly isReady: boolean;
  readonly phase: Phase;
  /** True if notifications reach it; false if it polls. */
  readonly listens: boolean;
  /** The time since the last heartbeat that reached the database; null before the first one. */
  readonly lastHeartbeatMs: number | null;
}

/** The phase of a worker. */
export type Phase = "starting" | "running" | "reconnecting" | "stopping" | "stopped" | "failed";

/** The state of a worker for health checks, from its reports and heartbeats. */
export interface HealthState {
  readonly report: Report;
  /** A heartbeat has reached the database. */
  beat(): void;
  /** The worker tries to connect. */
  connecting(): void;
  live(): Live;
  ready(): Ready;
}

/** Every step of connecting succeeds or fails earlier, so a worker that is silent for longer hangs. */
const LONGEST_STEP_MS = 90_000;

/** @param deadAfterMs the silence after which other workers take this one for dead. */
export function followHealth(deadAfterMs: number): HealthState {
  let phase: Phase = "starting";
  let listens = false;
  let signAt = performance.now();
  let beatAt: number | undefined;
  return {
    report(event) {
      if (event.type === "worker:start") ({ listens } = event);
      phase = phaseAfter(event.type, phase);
    },
    beat() {
      beatAt = signAt = performance.now();
    },
    connecting() {
      signAt = performance.now();
    },
    live() {
      const lastSignMs = Math.round(performance.now() - signAt);
      const mayBeSilent = phase === "stopping" || lastSignMs < LONGEST_STEP_MS + deadAfterMs;
      return { isLive: phase !== "failed" && phase !== "stopped" && mayBeSilent, phase, lastSignMs };
    },
    ready() {
      const lastHeartbeatMs = beatAt === undefined ? null : Math.round(performance.now() - beatAt);
      const beats = lastHeartbeatMs !== null && lastHeartbeatMs < deadAfterMs;
      return { isReady: phase === "running" && beats, phase, listens, lastHeartbeatMs };
    },
  };
}

function phaseAfter(type: Parameters<Report>[0]["type"], before: Phase): Phase {
  switch (type) {
    case "worker:start":
    case "recover:stop":
      return "running";
    case "recover:start":
      return "reconnecting";
    case "worker:error":
      return "failed";
    case "worker:stopping":
      return before === "failed" ? before : "stopping";
    case "worker:stop":
      return before === "failed" ? before : "stopped";
    default:
      return before;
  }
}
