import { hub } from "../log/hub.js";
import type { Delivering, Report } from "../log/telemetry.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { Subscriber } from "../registry/subscriber.js";
import { type Outcome, STALE } from "./outcome.js";
import type { Wakeup } from "./wakeup.js";

/** What reports need of the process that delivers. */
export interface Reporter {
  readonly worker: string;
  readonly report: Report;
}

/** The two parts of a delivery. */
export interface DeliverySteps {
  readonly load: () => Promise<LoadedDelivery | undefined>;
  readonly run: (loaded: LoadedDelivery) => Promise<Outcome>;
}

/**
 * Makes a delivery and reports how it begins and ends. What is put around deliveries begins when the event is known,
 * and ends with the outcome on record.
 */
export async function reported(
  { position }: Pick<Wakeup, "position">,
  subscriber: Subscriber,
  { worker, report }: Reporter,
  { load, run }: DeliverySteps,
): Promise<Outcome> {
  const startedAt = performance.now();
  const durationMs = () => performance.now() - startedAt;
  const name = subscriber.name;
  const failed = (error: unknown, known: Partial<Delivering> = {}) => {
    const end = { type: "deliver:error", worker, subscriber: name, position, ...known } as const;
    return { ...end, durationMs: durationMs(), error };
  };
  let loaded: LoadedDelivery | undefined;
  try {
    loaded = await load();
  } catch (error) {
    report(failed(error));
    throw error;
  }
  // The event is gone: there is nothing to say of it.
  if (loaded === undefined) return STALE;
  const delivering = describe(position, loaded, subscriber, worker);
  const insertedAtMs = loaded.insertedAt.getTime();
  const lagMs = () => Date.now() - insertedAtMs;
  const start = { ...delivering, lagMs: lagMs() };
  report({ type: "deliver:start", ...start });
  const made = loaded;
  const stopped = (outcome: Outcome) => {
    const known = { ...delivering, durationMs: durationMs(), lagMs: lagMs() };
    const end = { type: "deliver:stop", ...known, ...describeOutcome(outcome) } as const;
    report(end);
    return end;
  };
  const broken = (error: unknown) => {
    const end = failed(error, delivering);
    report(end);
    return end;
  };
  if (hub.surrounds("deliver")) {
    return hub.within("deliver", start, () =>
      run(made).then(
        (outcome) => ({ end: stopped(outcome), result: () => outcome }),
        (error) => ({ end: broken(error), result: () => raise(error) }),
      ),
    );
  }
  let outcome: Outcome;
  try {
    outcome = await run(made);
  } catch (error) {
    broken(error);
    throw error;
  }
  stopped(outcome);
  return outcome;
}

function raise(error: unknown): never {
  throw error;
}

function describe(
  position: number,
  { eventId, eventName, aggregateType, aggregateKey, metadata, attempts }: LoadedDelivery,
  subscriber: Subscriber,
  worker: string,
): Delivering {
  return {
    worker,
    subscriber: subscriber.name,
    eventId,
    eventName,
    aggregateType,
    aggregateKey,
    position,
    attempt: attempts + 1,
    maxAttempts: subscriber.policy.maxAttempts,
    correlationId: text(metadata.correlationId),
    traceparent: text(metadata.traceparent),
    tracestate: text(metadata["tracestate"]),
  };
}

/** Events that were published by SQL may have anything there. */
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
