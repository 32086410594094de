import type { Report } from "../log/telemetry.js";

/** Whether a worker is alive: its process works, and it does what it can to make deliveries. */
export interface Live {
  readonly isLive: boolean;
  readonly phase: Phase;
  /** How long ago the worker last did something: its heart beat, or it tried to connect. */
  readonly lastSignMs: number;
}

/** Whether a worker makes deliveries now. */
export interface Ready {
  readonly isReady: boolean;
  readonly phase: Phase;
  /** Whether notifications reach it; otherwise it polls. */
  readonly listens: boolean;
  /** How long ago the database last took its heartbeat; null before the first one. */
  readonly lastHeartbeatMs: number | null;
}

/** What a worker is doing. */
export type Phase = "starting" | "running" | "reconnecting" | "stopping" | "stopped" | "failed";

/** Follows how a worker is. */
export interface Vitals {
  readonly report: Report;
  /** The database took a heartbeat. */
  beat(): void;
  /** It tries to connect. */
  tries(): void;
  live(): Live;
  ready(): Ready;
}

/** Every step of connecting ends earlier, one way or the other: who is silent for longer hangs. */
const LONGEST_STEP_MS = 90_000;

/** @param deadAfterMs after how much silence others hold it for dead. */
export function followVitals(deadAfterMs: number): Vitals {
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
    tries() {
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
