/** How a delivery came out of an attempt. `paused`: its subscriber is; it was not run. `stale`: somebody else had moved it on, nothing was done. */
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
  /** W3C trace context that the publisher gave; undefined when none was given. */
  readonly traceparent: string | undefined;
}

/** Events that are stored together, in one transaction. */
export interface Publishing {
  /** `capture`: the events of a mutation. `publish`: those of `publish()` or `$publish()`. */
  readonly source: "capture" | "publish";
  /** At least one. */
  readonly events: readonly PublishedEvent[];
}

/** A delivery that was taken up. */
export interface Delivering {
  readonly worker: string;
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly position: number;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** What ties it to what led to the event. */
  readonly correlationId: string | undefined;
  /** W3C trace context of the event; undefined when it has none. */
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/**
 * Everything that the package reports while it works, by type. Each `…:start` is followed by exactly one `…:stop` or
 * `…:error` of the same thing. Numbers carry their unit in their name: milliseconds in `…Ms`.
 */
export interface TelemetryMap {
  /** Events are about to be stored, in a transaction that may still be rolled back. */
  readonly "publish:start": Publishing;
  /** They are stored. They count when their transaction commits. */
  readonly "publish:stop": Publishing & {
    /** How many deliveries were enqueued; null for captured events, where nobody asks for it. */
    readonly deliveries: number | null;
    readonly durationMs: number;
  };
  /** They could not be stored, and their transaction will not commit. */
  readonly "publish:error": Publishing & { readonly durationMs: number; readonly error: unknown };

  /** A call was answered by an extension from before the event bus, which saw none of it. Once for each such call. */
  readonly "capture:unseen": {
    readonly model: string;
    readonly operation: string;
    /** The names of the extensions that may have. */
    readonly extensions: readonly string[];
  };

  /** A delivery was taken up; its handler runs next. */
  readonly "deliver:start": Delivering & {
    /** From the event to now, by the clocks of the database and of this process. */
    readonly lagMs: number;
  };
  /** This is what became of it, and it is on record. A handler that failed is an outcome too. */
  readonly "deliver:stop": Delivering & {
    readonly outcome: DeliveryOutcome;
    /** From taking it up to having its outcome on record. */
    readonly durationMs: number;
    /** From the event to the end of the attempt, by the clocks of the database and of this process. */
    readonly lagMs: number;
    /** How long until it is taken up again; for `retrying` and `snoozed`. */
    readonly dueMs?: number;
    /** Why the handler wanted no more of it; for `cancelled`. */
    readonly reason?: string;
    /** What was thrown. */
    readonly error?: unknown;
  };
  /** Its outcome could not be put on record: the delivery is made again, its handler may run twice. */
  readonly "deliver:error": Pick<Delivering, "worker" | "subscriber" | "position"> &
    Partial<Delivering> & { readonly durationMs: number; readonly error: unknown };

  /** A worker asks for a job. */
  readonly "claim:start": { readonly worker: string };
  readonly "claim:stop": {
    readonly worker: string;
    /** How many it got: 0 when nothing is due. */
    readonly jobs: number;
    readonly durationMs: number;
  };
  /** The database did not answer, or refused. The connection is replaced. */
  readonly "claim:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /**
   * A job of a subscriber named a delivery of another one, or one that there is not, as the event did not go to it: somebody
   * else than this package has added it. It was removed, and nothing was delivered.
   */
  readonly "job:refused": {
    readonly worker: string;
    /** Whose job it was. */
    readonly subscriber: string;
    /** Whose delivery it named; null when there is no such delivery. */
    readonly owner: string | null;
    readonly position: number;
  };

  /** The connections of a worker are lost. It connects anew, until it succeeds or is stopped. */
  readonly "recover:start": { readonly worker: string; readonly reason: string };
  /** They are back. */
  readonly "recover:stop": { readonly worker: string; readonly durationMs: number };
  /** They do not come back any more: the worker is stopped, or cannot go on. With what kept it from connecting. */
  readonly "recover:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /** A worker found others that are dead: what they had claimed is free again. */
  readonly "worker:takeover": { readonly worker: string; readonly dead: readonly string[] };
  /** Others held this worker for dead and took over its deliveries: it was silent for too long. */
  readonly "worker:presumed-dead": { readonly worker: string; readonly deadAfterMs: number };

  /** A worker is ready to make deliveries. */
  readonly "worker:start": {
    readonly worker: string;
    readonly application: string;
    readonly subscribers: readonly string[];
    readonly concurrency: number;
    /** Whether notifications reach it, or it polls. */
    readonly listens: boolean;
  };
  /** It polls, as notifications do not reach it: its connections go through a pooler. */
  readonly "worker:polling": { readonly worker: string; readonly pollIntervalMs: number };
  /**
   * graphile-worker takes or deletes jobs by a statement that this version of the package does not know, which goes to the
   * database as it is: each job costs one statement more. Once for each of the two.
   */
  readonly "worker:unknown-statement": { readonly worker: string; readonly statement: "take" | "delete" };
  /** It takes no more deliveries and waits for the running ones. */
  readonly "worker:stopping": { readonly worker: string; readonly running: number };
  /** The running handlers' time to end is over: their signals are aborted. */
  readonly "worker:aborting": { readonly worker: string; readonly running: number };
  /** It has stopped; after `worker:error` too. */
  readonly "worker:stop": { readonly worker: string; readonly durationMs: number };
  /** It cannot go on, and stops. */
  readonly "worker:error": { readonly worker: string; readonly error: unknown };

  /** Old events are about to be deleted. */
  readonly "prune:start": { readonly worker: string };
  readonly "prune:stop": {
    readonly worker: string;
    /** How many events were deleted. */
    readonly events: number;
    /** In how many batches, each a transaction of its own. */
    readonly batches: number;
    readonly durationMs: number;
  };
  readonly "prune:error": { readonly worker: string; readonly durationMs: number; readonly error: unknown };

  /** Open deliveries had no job, as somebody has deleted or spoilt it: they have a new one. */
  readonly "deliveries:woken": {
    readonly worker: string;
    readonly subscribers: readonly string[];
    /** How many, of all of these subscribers. */
    readonly deliveries: number;
  };
  /** Deliveries wait for subscribers that no worker has that runs. Reported every five minutes while it is so. */
  readonly "subscribers:orphaned": { readonly worker: string; readonly subscribers: readonly string[] };
  /** What one worker does for all of them from time to time has failed; reported once for each message. */
  readonly "housekeeping:error": { readonly worker: string; readonly error: unknown };

  /** The `onDead` hook of the configuration threw, or took too long. The delivery is dead all the same. */
  readonly "on-dead:error": {
    readonly subscriber: string;
    readonly eventId: string;
    readonly error: unknown;
  };
  /** A backoff function threw or returned no delay; the default delay was used. */
  readonly "backoff:error": { readonly subscriber: string; readonly error: unknown };
}

/** One report of {@link TelemetryMap}, told apart by `type`. */
export type TelemetryEvent = {
  [Type in keyof TelemetryMap]: TelemetryEventOf<Type>;
}[keyof TelemetryMap];

/** The report of one type. */
export type TelemetryEventOf<Type extends keyof TelemetryMap> = {
  readonly type: Type;
} & TelemetryMap[Type];

/** Receives what the package reports. What it throws is ignored: a report must not change what is reported. */
export type Report = (event: TelemetryEvent) => void;

/** A {@link Report} that cannot throw, for all of those that are given. */
export function reportTo(...receivers: readonly Report[]): Report {
  return (event) => {
    for (const receive of receivers) {
      // As quietly() does, without a function for each: this is done for every delivery.
      try {
        const result: unknown = receive(event);
        if (result instanceof Promise) result.catch(() => undefined);
      } catch {
        // There is nobody left to tell.
      }
    }
  };
}

/** Runs what others gave: what it throws, now or later, must not disturb what is reported. */
export function quietly(run: () => unknown): void {
  try {
    const result = run();
    // A listener may be an async function; its rejection would end the process.
    if (result instanceof Promise) result.catch(() => undefined);
  } catch {
    // There is nobody left to tell.
  }
}
