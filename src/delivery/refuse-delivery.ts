import { EventBusError } from "../errors.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import { backoffDelayMs, exponential } from "../registry/backoff.js";
import type { Subscriber } from "../registry/subscriber.js";
import { outcomeOfDeaths } from "./dead-worker.js";
import type { DeliveryJob } from "./delivery-job.js";
import { PAUSED, type SettledOutcome } from "./outcome.js";

/** The outcome of a delivery whose handler must not be called; undefined if it is to be called. */
export function refuseDelivery(
  job: DeliveryJob,
  loaded: LoadedDelivery,
  subscriber: Subscriber,
  worker: string,
): SettledOutcome | undefined {
  if (loaded.isPaused) return PAUSED;
  return outcomeOfDeaths(job.deaths ?? 0, loaded, subscriber, worker) ?? outcomeOfUnknown(loaded, subscriber);
}

const untilKnown = exponential({ minMs: 1_000, maxMs: 3_600_000 });

/**
 * Mostly a deployment is going on, and this process is older than the subscription. No attempt is used up, and the delivery waits
 * longer each time.
 */
function outcomeOfUnknown(loaded: LoadedDelivery, subscriber: Subscriber): SettledOutcome | undefined {
  if (subscriber.events.some((type) => type.name === loaded.eventName)) return undefined;
  const thrown = new EventBusError(
    "UNKNOWN_EVENT",
    `The subscriber "${subscriber.name}" of this worker does not handle the event "${loaded.eventName}": the delivery ` +
      "waits for a worker whose subscriber does. If there will be none, run: npx ex-event-bus unsubscribe " +
      `${subscriber.name} ${loaded.eventName}`,
    { value: loaded.eventName },
  );
  const times = Math.min(loaded.generation + 1, 20);
  return { state: "snoozed", dueMs: backoffDelayMs(untilKnown, times, thrown), thrown };
}
