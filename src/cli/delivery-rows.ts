import type { Delivery, DeliveryError } from "../outbox/find-deliveries.js";
import { aggregateOf } from "./aggregate-of.js";
import type { Row } from "./table.js";

/** What of a delivery can be left out on a narrow terminal: with its position, `show` says all of it. */
export const DISPENSABLE = ["event id", "attempts", "due or finished", "died", "aggregate", "event"];

/** A delivery in a listing. */
export function deliveryRow(delivery: Delivery): Row {
  return {
    position: delivery.position,
    event: delivery.eventName,
    aggregate: aggregateOf(delivery),
    "event id": delivery.eventId,
    subscriber: delivery.subscriber,
    state: delivery.state,
    attempts: delivery.attempts,
    "due or finished": delivery.dueAt ?? delivery.finishedAt,
    "last error or reason": delivery.reason ?? lastError(delivery.errors.at(-1)),
  };
}

/** A dead delivery in a listing: what is needed to decide. */
export function deadRow(delivery: Delivery): Row {
  return {
    position: delivery.position,
    event: delivery.eventName,
    aggregate: aggregateOf(delivery),
    "event id": delivery.eventId,
    subscriber: delivery.subscriber,
    attempts: delivery.attempts,
    died: delivery.finishedAt,
    "last error": lastError(delivery.errors.at(-1)),
  };
}

function lastError(error: DeliveryError | undefined): string {
  if (error === undefined) return "";
  const { name, message, causes = [] } = error;
  const [cause = ""] = causes;
  // "fetch failed" alone tells nobody why.
  return message.includes(cause) || cause.endsWith(`: ${message}`)
    ? `${name}: ${message}`
    : `${name}: ${message} <- ${cause}`;
}
