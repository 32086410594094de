import type { Attributes } from "@opentelemetry/api";

import type { Delivering, PublishedEvent } from "../log/telemetry.js";

// The names of the semantic conventions for messaging that are used here. They are not stable yet, and in no package
// that is: https://opentelemetry.io/docs/specs/semconv/messaging/
const SYSTEM = { "messaging.system": "ex-event-bus" };

/** Of what is published: the destination is the event's name, when all have one. */
export function sendAttributes(events: readonly PublishedEvent[]): Attributes {
  const names = new Set(events.map(({ name }) => name));
  const [first] = events;
  return {
    ...SYSTEM,
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
    ...(names.size === 1 && first !== undefined ? { "messaging.destination.name": first.name } : {}),
  };
}

/** What only spans have: there are too many of them for metrics. */
export function sentMessages(events: readonly PublishedEvent[]): Attributes {
  const [first] = events;
  if (first === undefined || events.length > 1) return { "messaging.batch.message_count": events.length };
  return messageAttributes(first.id, first.correlationId, first.aggregateType, first.aggregateKey);
}

/** Of a delivery: the destination is the event's name, the subscription the subscriber's. */
export function processAttributes({ eventName, subscriber }: DeliveryNames): Attributes {
  return {
    ...SYSTEM,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    ...(eventName === undefined ? {} : { "messaging.destination.name": eventName }),
    "messaging.destination.subscription.name": subscriber,
  };
}

type DeliveryNames = Pick<Delivering, "subscriber"> & Partial<Pick<Delivering, "eventName">>;

export function processedMessage(delivering: Delivering): Attributes {
  const { eventId, correlationId, aggregateType, aggregateKey, attempt, worker } = delivering;
  return {
    ...messageAttributes(eventId, correlationId, aggregateType, aggregateKey),
    "messaging.client.id": worker,
    "ex_event_bus.delivery.attempt": attempt,
  };
}

function messageAttributes(
  id: string,
  correlationId: string | undefined,
  aggregateType: string | null,
  aggregateKey: string | null,
): Attributes {
  return {
    "messaging.message.id": id,
    ...(correlationId === undefined ? {} : { "messaging.message.conversation_id": correlationId }),
    ...(aggregateType === null ? {} : { "ex_event_bus.aggregate.type": aggregateType }),
    ...(aggregateKey === null ? {} : { "ex_event_bus.aggregate.key": aggregateKey }),
  };
}

/** What failed, in few words. */
export function errorAttributes(error: unknown): Attributes {
  return { "error.type": errorType(error) };
}

function errorType(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  if ("code" in error && typeof error.code === "string") return error.code;
  return "name" in error && typeof error.name === "string" && error.name !== "" ? error.name : "_OTHER";
}
