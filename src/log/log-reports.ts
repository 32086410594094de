import type { Logger } from "./logger.js";
import type { DeliveryOutcome, Report, TelemetryMap } from "./telemetry.js";

type Line = readonly [level: keyof Logger, message: string];

/** Undefined: reported for others than people, as it happens for every delivery or is said elsewhere. */
const LINES: Readonly<Record<Exclude<keyof TelemetryMap, "deliver:stop">, Line | undefined>> = {
  "publish:start": undefined,
  "publish:stop": undefined,
  "publish:error": undefined,
  // As a warning of the process.
  "capture:unseen": undefined,
  "deliver:start": undefined,
  "deliver:error": ["error", "The delivery failed without an outcome on record; it is made again."],
  "backoff:error": ["error", "The backoff function of a subscriber failed; the default delay was used."],
  "claim:start": undefined,
  "claim:stop": undefined,
  "claim:error": ["debug", "The database did not let a job be claimed."],
  "job:refused": [
    "error",
    "A job named a delivery that its subscriber does not have. It was removed: who added it?",
  ],
  "worker:start": ["info", "The worker is ready."],
  "worker:polling": [
    "warn",
    "Notifications do not reach this worker: it polls. Set database.directUrl, or database.listen to false.",
  ],
  "worker:unknown-statement": [
    "warn",
    "A statement of this version of graphile-worker is not known: deliveries are made all the same, with one statement more for each. Known are 0.17.3 and 0.18.0.",
  ],
  "worker:stopping": ["info", "The worker stops: it waits for the running handlers."],
  "worker:aborting": ["warn", "The worker stops: it aborts the handlers that still run."],
  "worker:stop": ["info", "The worker has stopped."],
  "worker:error": ["error", "The worker cannot go on."],
  "recover:start": ["warn", "The connection to the database is lost; reconnecting."],
  "recover:stop": ["info", "The connection to the database is back."],
  "recover:error": ["warn", "The worker ends without a connection to the database."],
  "worker:takeover": ["warn", "Workers have died: their deliveries are taken over."],
  "worker:presumed-dead": [
    "warn",
    "Other workers held this one for dead and took over its deliveries: it was silent for too long.",
  ],
  "prune:start": ["debug", "Old events are being deleted."],
  "prune:stop": ["info", "Old events are deleted."],
  "prune:error": ["error", "Old events could not be deleted."],
  "on-dead:error": ["error", "The onDead hook failed; nobody was told of a dead delivery."],
  "deliveries:woken": ["warn", "Open deliveries had no job in graphile-worker's table: they have a new one."],
  "subscribers:orphaned": [
    "warn",
    "Deliveries wait for subscribers that no running worker has. See: npx ex-event-bus status",
  ],
  "housekeeping:error": ["error", "Housekeeping failed; it is tried again."],
};

const OUTCOMES: Readonly<Record<DeliveryOutcome, Line>> = {
  delivered: ["info", "Delivered."],
  retrying: ["warn", "The attempt failed; another one follows."],
  dead: ["error", "The last attempt failed: the delivery is dead."],
  snoozed: ["info", "The delivery is put off."],
  paused: ["debug", "The subscriber is paused: the delivery is held back."],
  cancelled: ["info", "The delivery is cancelled."],
  stale: ["debug", "Somebody else had moved the delivery on."],
};

/** A report that writes a line for each thing that is reported. */
export function logReports(log: Logger): Report {
  return (event) => {
    const line = event.type === "deliver:stop" ? OUTCOMES[event.outcome] : LINES[event.type];
    if (line === undefined) return;
    // It is looked for often.
    if (event.type === "prune:stop" && event.events === 0) return;
    const [level, message] = line;
    const { type: _, ...fields } = event;
    log[level](message, event.type === "deliver:stop" ? deliveryFields(event) : withTenths(fields));
  };
}

/** Reports have durations as they were measured, to the nanosecond; a reader wants tenths of a millisecond at most. */
function withTenths(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const tenths = (name: string, value: unknown) =>
    name.endsWith("Ms") && typeof value === "number" ? Math.round(value * 10) / 10 : value;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, tenths(name, value)]));
}

function deliveryFields(delivery: TelemetryMap["deliver:stop"]): Readonly<Record<string, unknown>> {
  const { subscriber, eventName, eventId, aggregateType, aggregateKey, attempt, maxAttempts, dueMs, reason } =
    delivery;
  return withTenths({
    subscriber,
    eventName,
    eventId,
    aggregateType,
    aggregateKey,
    durationMs: delivery.durationMs,
    lagMs: delivery.lagMs,
    attempt,
    maxAttempts,
    ...(dueMs === undefined ? {} : { dueMs }),
    ...(reason === undefined ? {} : { reason }),
    ...("error" in delivery ? { error: delivery.error } : {}),
  });
}
