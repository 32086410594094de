import type { DeliveryOutcome, TelemetryMap } from "../../src/log/telemetry.js";

/** The report of a delivery that has ended. */
export const delivery = (outcome: DeliveryOutcome, more: Partial<TelemetryMap["deliver:stop"]> = {}) =>
  ({
    type: "deliver:stop",
    worker: "w",
    subscriber: "mails",
    eventId: "1",
    eventName: "UserRegistered",
    aggregateType: "User",
    aggregateKey: "17",
    correlationId: undefined,
    traceparent: undefined,
    tracestate: undefined,
    position: 1,
    outcome,
    attempt: 1,
    maxAttempts: 20,
    durationMs: 12.4,
    lagMs: 20,
    ...more,
  }) as const;
