/** How a delivery came out of an attempt. `stale`: somebody else had moved it on, nothing was done. */
export type DeliveryOutcome = "delivered" | "retrying" | "snoozed" | "cancelled" | "dead" | "stale";

/** Everything that the package reports while it works, by type. Times carry their unit in their name. */
export interface TelemetryMap {
  /** A delivery was taken up, and this is what became of it. */
  readonly delivery: {
    readonly worker: string;
    readonly subscriber: string;
    readonly eventId: string;
    readonly eventName: string;
    readonly aggregateKey: string | null;
    readonly position: number;
    readonly outcome: DeliveryOutcome;
    /** Which attempt it was, from 1. */
    readonly attempt: number;
    readonly maxAttempts: number;
    readonly durationMs: number;
    /** From the event to the end of the attempt, by the clocks of the database and of this process. */
    readonly lagMs: number;
    /** How long until it is taken up again; for `retrying` and `snoozed`. */
    readonly dueMs?: number;
    /** What was thrown. */
    readonly error?: unknown;
  };
  /** The outcome of a delivery could not be recorded: the delivery is made again, its handler may run twice. */
  readonly "delivery-failed": {
    readonly worker: string;
    readonly subscriber: string;
    readonly position: number;
    readonly error: unknown;
  };
  /** A backoff function threw or returned no delay; the default delay was used. */
  readonly "backoff-failed": { readonly subscriber: string; readonly error: unknown };
  /** A worker is ready to make deliveries. */
  readonly "worker-started": {
    readonly worker: string;
    readonly application: string;
    readonly subscribers: readonly string[];
    readonly concurrency: number;
  };
  /** A worker takes no more deliveries and waits for the running ones. */
  readonly "worker-stopping": { readonly worker: string; readonly running: number };
  /** The running handlers' time to end is over: their signals are aborted. */
  readonly "worker-aborting": { readonly worker: string; readonly running: number };
  readonly "worker-stopped": { readonly worker: string };
  /** A worker cannot go on, and says why. */
  readonly "worker-failed": { readonly worker: string; readonly error: unknown };
  /** The worker connects anew, until it succeeds. */
  readonly "connection-lost": { readonly worker: string; readonly reason: string };
  readonly recovered: { readonly worker: string; readonly afterMs: number };
  /** Workers that were dead: what they had claimed is free again. */
  readonly "workers-swept": { readonly worker: string; readonly dead: readonly string[] };
  /** Other workers held this one for dead and took over its deliveries: it was silent for too long. */
  readonly "held-for-dead": { readonly worker: string; readonly deadAfterMs: number };
}

/** One report of {@link TelemetryMap}, told apart by `type`. */
export type TelemetryEvent = {
  [Type in keyof TelemetryMap]: { readonly type: Type } & TelemetryMap[Type];
}[keyof TelemetryMap];

/** Receives what the package reports. What it throws is ignored: a report must not change what is reported. */
export type Report = (event: TelemetryEvent) => void;

/** A {@link Report} that cannot throw, for all of those that are given. */
export function reportTo(...receivers: readonly Report[]): Report {
  return (event) => {
    for (const receive of receivers) {
      try {
        receive(event);
      } catch {
        // There is nobody left to tell.
      }
    }
  };
}
