import { KNOWN_VERSIONS } from "./known-versions.js";
import type { Logger } from "./logger.js";
import type { DeliveryOutcome, Report, TelemetryMap } from "./telemetry.js";

type Line = readonly [level: keyof Logger, message: string];

/** The line of each report. Undefined for reports without a line: they come for every delivery, or have a line elsewhere. */
const LINES: Readonly<Record<Exclude<keyof TelemetryMap, "deliver:stop">, Line | undefined>> = {
  "publish:start": undefined,
  "publish:stop": undefined,
  "publish:error": undefined,
  // A warning of the process reports it.
  "capture:unseen": undefined,
  "deliver:start": undefined,
  "deliver:error": [
    "error",
    "The outcome of the delivery could not be recorded; the delivery is made again.",
  ],
  "backoff:error": ["error", "The backoff function of a subscriber failed; the default delay was used."],
  "claim:start": undefined,
  "claim:stop": undefined,
  "claim:error": ["debug", "A query for a job failed."],
  "job:refused": [
    "error",
    "A job named a delivery that its subscriber does not have, so it was removed. Another program must have added it.",
  ],
  "worker:start": ["info", "The worker is ready."],
  "worker:polling": [
    "warn",
    "Notifications do not reach this worker: it polls. Set database.directUrl, or database.listen to false.",
  ],
  "worker:unknown-statement": [
    "warn",
    `This version of ex-event-bus does not know a statement of the installed graphile-worker: it still makes deliveries, with one more statement for each. It knows the statements of ${KNOWN_VERSIONS.join(" and ")}.`,
  ],
  "worker:stopping": ["info", "The worker stops: it waits for the running handlers."],
  "worker:aborting": ["warn", "The worker stops: it aborts the handlers that are still running."],
  "worker:stop": ["info", "The worker has stopped."],
  "worker:error": ["error", "The worker cannot go on."],
  "recover:start": ["warn", "The connection to the database is lost; reconnecting."],
  "recover:stop": ["info", "The connection to the database is back."],
  "recover:error": ["warn", "The worker ends without a connection to the database."],
  "worker:takeover": ["warn", "Workers have died: their deliveries are taken over."],
  "worker:presumed-dead": [
    "warn",
    "Other workers took this one for dead and took over its deliveries, because its heartbeat was late.",
  ],
  "prune:start": ["debug", "Old events are being deleted."],
  "prune:stop": ["info", "Old events are deleted."],
  "prune:error": ["error", "Old events could not be deleted."],
  "on-dead:error": ["error", "The onDead hook failed for a dead delivery."],
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
  snoozed: ["info", "The delivery is snoozed."],
  paused: ["debug", "The subscriber is paused: the delivery waits."],
  cancelled: ["info", "The delivery is cancelled."],
  stale: ["debug", "Another worker or command had already changed the delivery."],
};

/** Writes a log line for each report. */
export function logReports(log: Logger): Report {
  return (event) => {
    const line = event.type === "deliver:stop" ? OUTCOMES[event.outcome] : LINES[event.type];
    if (line === undefined) return;
    // Prunings without a result are frequent.
    if (event.type === "prune:stop" && event.events === 0) return;
    const [level, message] = line;
    const { type: _, ...fields } = event;
    log[level](message, event.type === "deliver:stop" ? deliveryFields(event) : withTenths(fields));
  };
}

/** Rounds durations to tenths of a millisecond: reports have them as measured, to the nanosecond. */
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
