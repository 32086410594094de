/**
 * The outcome of an attempt at a delivery. `paused`: the subscriber is paused, the handler was not called. `stale`: another worker
 * or command had already changed the delivery, so this outcome was not recorded or the handler was not called.
 */
export type DeliveryOutcome =
  | "delivered"
  | "retrying"
  | "snoozed"
  | "paused"
  | "cancelled"
  | "dead"
  | "stale";

/** An event that is being published. */
export interface PublishedEvent {
  readonly id: string;
  readonly name: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly correlationId: string | undefined;
  /** W3C trace context that the publisher set; undefined if it set none. */
  readonly traceparent: string | undefined;
}

/** Events that are stored together, in one transaction. */
export interface Publishing {
  /** `capture`: the events of a mutation. `publish`: those of `publish()` or `$publish()`. */
  readonly source: "capture" | "publish";
  /** At least one. */
  readonly events: readonly PublishedEvent[];
}

/** A delivery that a worker has started. */
export interface Delivering {
  readonly worker: string;
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly position: number;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The correlation id of the event. */
  readonly correlationId: string | undefined;
  /** W3C trace context of the event; undefined if it has none. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/**
 * All reports of the package, by type. Each `…:start` is followed by exactly one `…:stop` or `…:error` of the same operation.
 * Names of numbers end with their unit: `…Ms` is in milliseconds.
 */
export interface TelemetryMap {
  /** Events are about to be stored, in a transaction that may still be rolled back. */
  readonly "publish:start": Publishing;
  /** The events are stored. They become visible when their transaction commits. */
  readonly "publish:stop": Publishing & {
    /** How many deliveries were enqueued; null for captured events, for which it is not queried. */
    readonly deliveries: number | null;
    readonly durationMs: number;
  };
  /** The events could not be stored, and their transaction cannot commit. */
  readonly "publish:error": Publishing & { readonly durationMs: number; readonly error: unknown };

  /** An extension that was applied before the event bus answered a call, which was not captured. Once for each such call. */
  readonly "capture:unseen": {
    readonly model: string;
    readonly operation: string;
    /** The names of the extensions that may have answered it. */
    readonly extensions: readonly string[];
  };

  /** A worker has started a delivery; its handler runs next. */
  readonly "deliver:start": Delivering & {
    /** The time from the event to now, by the clocks of the database and of this process. */
    readonly lagMs: number;
  };
  /** The outcome of the delivery is recorded. A failure of the handler is an outcome too. */
  readonly "deliver:stop": Delivering & {
    readonly outcome: DeliveryOutcome;
    /** The time from the start of the delivery to the record of its outcome. */
    readonly durationMs: number;
    /** The time from the event to the end of the attempt, by the clocks of the database and of this process. */
    readonly lagMs: number;
    /** The time until the next attempt; for `retrying` and `snoozed`. */
    readonly dueMs?: number;
    /** The reason that the handler gave; for `cancelled`. */
    readonly reason?: string;
    /** The error that was thrown. */
    readonly error?: unknown;
  };
  /** The outcome could not be recorded: the delivery is made again, and its handler may run twice. */
  readonly "deliver:error": Pick<Delivering, "worker" | "subscriber" | "position"> &
    Partial<Delivering> & { readonly durationMs: number; readonly error: unknown };

  /** A worker asks for a job. */
  readonly "claim:start": { readonly worker: string };
  readonly "claim:stop": {
    readonly worker: string;
    /** How many jobs it got: 0 if none is due. */
    readonly jobs: number;
    readonly durationMs: number;
  };
  /** The database did not answer, or refused. The connection is replaced. */
  readonly "claim:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /**
   * The job of one subscriber named a delivery of another subscriber, or a delivery that does not exist. Another program must have
   * added the job. It was removed, and nothing was delivered.
   */
  readonly "job:refused": {
    readonly worker: string;
    /** The subscriber of the job. */
    readonly subscriber: string;
    /** The subscriber of the delivery that it named; null if there is no such delivery. */
    readonly owner: string | null;
    readonly position: number;
  };

  /** A worker has lost its connections. It reconnects until it succeeds or is stopped. */
  readonly "recover:start": { readonly worker: string; readonly reason: string };
  /** The worker has reconnected. */
  readonly "recover:stop": { readonly worker: string; readonly durationMs: number };
  /** The worker gives up reconnecting: it was stopped, or cannot go on. With the last error. */
  readonly "recover:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /** A worker has found dead workers, and freed their deliveries. */
  readonly "worker:takeover": { readonly worker: string; readonly dead: readonly string[] };
  /** Other workers took this worker for dead and took over its deliveries, because its heartbeat was late. */
  readonly "worker:presumed-dead": { readonly worker: string; readonly deadAfterMs: number };

  /** A worker is ready to make deliveries. */
  readonly "worker:start": {
    readonly worker: string;
    readonly application: string;
    readonly subscribers: readonly string[];
    readonly concurrency: number;
    /** True if notifications reach it, false if it polls. */
    readonly listens: boolean;
  };
  /** The worker polls, because notifications do not reach it: its connections go through a pooler. */
  readonly "worker:polling": { readonly worker: string; readonly pollIntervalMs: number };
  /**
   * graphile-worker takes or deletes jobs by a statement that this version of the package does not know. The statement reaches the
   * database unchanged, and each job costs one more statement. Reported once for each of the two.
   */
  readonly "worker:unknown-statement": { readonly worker: string; readonly statement: "take" | "delete" };
  /** The worker takes no more deliveries and waits for the running ones. */
  readonly "worker:stopping": { readonly worker: string; readonly running: number };
  /** The time for running handlers to end is over: their signals are aborted. */
  readonly "worker:aborting": { readonly worker: string; readonly running: number };
  /** The worker has stopped; also after `worker:error`. */
  readonly "worker:stop": { readonly worker: string; readonly durationMs: number };
  /** The worker cannot go on, and stops. */
  readonly "worker:error": { readonly worker: string; readonly error: unknown };

  /** Old events are about to be deleted. */
  readonly "prune:start": { readonly worker: string };
  readonly "prune:stop": {
    readonly worker: string;
    /** How many events were deleted. */
    readonly events: number;
    /** The number of batches, each in its own transaction. */
    readonly batches: number;
    readonly durationMs: number;
  };
  readonly "prune:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /** Open deliveries had no job, because it was deleted or changed: they have a new one. */
  readonly "deliveries:woken": {
    readonly worker: string;
    readonly subscribers: readonly string[];
    /** The number of deliveries of all these subscribers. */
    readonly deliveries: number;
  };
  /** Deliveries wait for subscribers that no running worker has. Reported every five minutes while this is so. */
  readonly "subscribers:orphaned": { readonly worker: string; readonly subscribers: readonly string[] };
  /** A task of housekeeping has failed. Reported once for each message. */
  readonly "housekeeping:error": { readonly worker: string; readonly error: unknown };

  /** The `onDead` hook of the configuration threw or took too long. The delivery is dead anyway. */
  readonly "on-dead:error": {
    readonly subscriber: string;
    readonly eventId: string;
    readonly error: unknown;
  };
  /** A backoff function threw or returned no delay; the default delay was used. */
  readonly "backoff:error": { readonly subscriber: string; readonly error: unknown };
}

/** One report of {@link TelemetryMap}, discriminated by `type`. */
export type TelemetryEvent = {
  [Type in keyof TelemetryMap]: TelemetryEventOf<Type>;
}[keyof TelemetryMap];

/** The report of one type. */
export type TelemetryEventOf<Type extends keyof TelemetryMap> = {
  readonly type: Type;
} & TelemetryMap[Type];

/** Receives reports. Errors that it throws are ignored: reporting must not change the operation. */
export type Report = (event: TelemetryEvent) => void;

/** A {@link Report} that calls all given ones and never throws. */
export function reportTo(...receivers: readonly Report[]): Report {
  return (event) => {
    for (const receive of receivers) {
      // Like quietly(), but without creating a function: every delivery runs this.
      try {
        const result: unknown = receive(event);
        if (result instanceof Promise) result.catch(() => undefined);
      } catch {
        // There is nowhere left to report this.
      }
    }
  };
}

/** Runs a callback of the user and ignores what it throws, now or later: it must not disturb the operation. */
export function quietly(run: () => unknown): void {
  try {
    const result = run();
    // A listener may be an async function; its rejection would end the process.
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    // There is nowhere left to report this.
  }
}
