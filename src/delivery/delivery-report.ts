import type { Delivering, Report, TelemetryEventOf } from "../log/telemetry.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { DeliveryJob } from "./delivery-job.js";
import type { Outcome } from "./outcome.js";

/** The dependencies of reports. */
export interface Reporter {
  readonly worker: string;
  readonly report: Report;
}

/** Reports that a delivery could not be read. */
export function reportUnread(
  { position }: Pick<DeliveryJob, "position">,
  subscriber: Subscriber,
  { worker, report }: Reporter,
  startedAt: number,
  error: unknown,
): void {
  const durationMs = performance.now() - startedAt;
  report({ type: "deliver:error", worker, subscriber: subscriber.name, position, durationMs, error });
}

/** Reports the start and the end of a delivery. A class, because one is made for each delivery. */
export class DeliveryReport {
  readonly start: Delivering & { readonly lagMs: number };
  readonly #report: Report;
  readonly #startedAt: number;
  readonly #insertedAtMs: number;

  /** Reports the start. */
  constructor(
    { position }: Pick<DeliveryJob, "position">,
    loaded: LoadedDelivery,
    subscriber: Subscriber,
    { worker, report }: Reporter,
    startedAt: number,
  ) {
    const { metadata } = loaded;
    this.#report = report;
    this.#startedAt = startedAt;
    this.#insertedAtMs = loaded.insertedAt.getTime();
    this.start = {
      worker,
      subscriber: subscriber.name,
      eventId: loaded.eventId,
      eventName: loaded.eventName,
      aggregateType: loaded.aggregateType,
      aggregateKey: loaded.aggregateKey,
      position,
      attempt: loaded.attempts + 1,
      maxAttempts: subscriber.policy.maxAttempts,
      correlationId: text(metadata.correlationId),
      traceparent: text(metadata.traceparent),
      tracestate: text(metadata["tracestate"]),
      lagMs: this.#lagMs(),
    };
    report({ type: "deliver:start", ...this.start });
  }

  stop(outcome: Outcome): TelemetryEventOf<"deliver:stop"> {
    const times = { durationMs: this.#durationMs(), lagMs: this.#lagMs() };
    const end = { type: "deliver:stop", ...this.start, ...times, ...describeOutcome(outcome) } as const;
    this.#report(end);
    return end;
  }

  fail(error: unknown): TelemetryEventOf<"deliver:error"> {
    const { lagMs: _, ...delivering } = this.start;
    const end = { type: "deliver:error", ...delivering, durationMs: this.#durationMs(), error } as const;
    this.#report(end);
    return end;
  }

  #durationMs(): number {
    return performance.now() - this.#startedAt;
  }

  #lagMs(): number {
    return Date.now() - this.#insertedAtMs;
  }
}

/** Events that were published with SQL can have any value there. */
function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

const AS_DELIVERED = { outcome: "delivered" } as const;

function describeOutcome(outcome: Outcome) {
  if (outcome.state === "delivered") return AS_DELIVERED;
  return {
    outcome: outcome.state,
    ...("dueMs" in outcome ? { dueMs: outcome.dueMs } : {}),
    ...("reason" in outcome ? { reason: outcome.reason } : {}),
    ...("thrown" in outcome ? { error: outcome.thrown } : {}),
  };
}
