import type { Logger } from "../log/logger.js";
import { withFields } from "../log/with-fields.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { StoredEvent } from "../registry/event.js";
import { brandEvent } from "../registry/event-brand.js";
import type { HandlerContext } from "../registry/handler-context.js";
import type { RegisteredPrisma } from "../registry/register.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { OutcomeMethods } from "./handler-decision.js";

/** The event as its handler sees it: with which attempt this is, and when it was stored. */
export function eventForAttempt(event: StoredEvent, attempt: number, maxAttempts: number): StoredEvent {
  const insertedAt = event.occurredAt.toISOString();
  return brandEvent({ ...event, metadata: { ...event.metadata, attempt, maxAttempts, insertedAt } });
}

/** What a handler receives beside the event. */
export function makeContext(
  subscriber: Subscriber,
  loaded: LoadedDelivery,
  deps: { readonly prisma: unknown; readonly log: Logger },
  signal: AbortSignal,
  outcomes: OutcomeMethods,
): HandlerContext {
  const attempt = loaded.attempts + 1;
  const deliveryId = deliveryIdOf(loaded.eventId, subscriber);
  return {
    subscriber: subscriber.name,
    attempt,
    maxAttempts: subscriber.policy.maxAttempts,
    signal,
    log: withFields(deps.log, { subscriber: subscriber.name, event: loaded.eventName, deliveryId, attempt }),
    idempotencyKey: deliveryId,
    deliveryId,
    insertedAt: loaded.insertedAt,
    prisma: deps.prisma as RegisteredPrisma,
    ...outcomes,
  };
}

/** The same in every attempt, different for every event and subscriber. */
export function deliveryIdOf(eventId: string, subscriber: Subscriber): string {
  return `${eventId}:${subscriber.name}`;
}
