import { errorLine } from "../log/error-line.js";
import type { Delivery, DeliveryError } from "../outbox/find-deliveries.js";
import type { Row } from "./table.js";

/** Columns that a narrow terminal can leave out: `show` prints them all, given the position. */
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

/** A dead delivery in a listing: what the reader needs to decide whether to redrive or discard it. */
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
  return error === undefined ? "" : errorLine(error);
}

/** The aggregate of an event for people: `User 17`. Empty if the event has none. */
export function aggregateOf(one: {
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
}): string {
  return [one.aggregateType, one.aggregateKey].filter((part) => part !== null).join(" ");
}
