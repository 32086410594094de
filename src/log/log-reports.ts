import type { Logger } from "./logger.js";
import type { DeliveryOutcome, Report, TelemetryMap } from "./telemetry.js";

type Line = readonly [level: keyof Logger, message: string];

const LINES: Readonly<Record<Exclude<keyof TelemetryMap, "delivery">, Line>> = {
  "delivery-failed": ["error", "The delivery failed without an outcome on record; it is made again."],
  "backoff-failed": ["error", "The backoff function of a subscriber failed; the default delay was used."],
  "worker-started": ["info", "The worker is ready."],
  "worker-stopping": ["info", "The worker stops: it waits for the running handlers."],
  "worker-aborting": ["warn", "The worker stops: it aborts the handlers that still run."],
  "worker-stopped": ["info", "The worker has stopped."],
  "worker-failed": ["error", "The worker cannot go on."],
  "connection-lost": ["warn", "The connection to the database is lost; reconnecting."],
  recovered: ["info", "The connection to the database is back."],
  "workers-swept": ["warn", "Workers have died: their deliveries are taken over."],
  "held-for-dead": [
    "warn",
    "Other workers held this one for dead and took over its deliveries: it was silent for too long.",
  ],
};

const OUTCOMES: Readonly<Record<DeliveryOutcome, Line>> = {
  delivered: ["info", "Delivered."],
  retrying: ["warn", "The attempt failed; another one follows."],
  dead: ["error", "The last attempt failed: the delivery is dead."],
  snoozed: ["info", "The delivery is put off."],
  cancelled: ["info", "The delivery is cancelled."],
  stale: ["debug", "Somebody else had moved the delivery on."],
};

/** A report that writes a line for each thing that is reported. */
export function logReports(log: Logger): Report {
  return (event) => {
    const [level, message] = event.type === "delivery" ? OUTCOMES[event.outcome] : LINES[event.type];
    const { type: _, ...fields } = event;
    log[level](message, event.type === "delivery" ? deliveryFields(event) : fields);
  };
}

function deliveryFields(delivery: TelemetryMap["delivery"]): Readonly<Record<string, unknown>> {
  const { subscriber, eventName, aggregateKey, eventId, attempt, maxAttempts, dueMs } = delivery;
  return {
    subscriber,
    event: eventName,
    key: aggregateKey,
    eventId,
    durationMs: Math.round(delivery.durationMs),
    lagMs: Math.round(delivery.lagMs),
    attempt,
    maxAttempts,
    ...(dueMs === undefined ? {} : { dueMs }),
    ...("error" in delivery ? { error: delivery.error } : {}),
  };
}
