import { type Logger, withFields } from "../log/logger.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { StoredEvent } from "../registry/event.js";
import type { HandlerContext } from "../registry/handler-context.js";
import type { RegisteredPrisma } from "../registry/register.js";
import type { Subscriber } from "../registry/subscriber.js";
import type { OutcomeMethods } from "./handler-decision.js";
import type { ToldToEnd } from "./run-handler.js";

/** The event as its handler gets it: with the number of the attempt, and the time when it was stored. */
export function eventForAttempt(loaded: LoadedDelivery, maxAttempts: number): StoredEvent {
  const insertedAt = loaded.insertedAt.toISOString();
  return loaded.event({ attempt: loaded.attempts + 1, maxAttempts, insertedAt });
}

/** The context of a handler. Costly parts are made when the handler reads them. */
export function makeContext(
  subscriber: Subscriber,
  loaded: LoadedDelivery,
  deps: { readonly prisma: unknown; readonly log: Logger },
  told: ToldToEnd,
  { cancel, snooze, retryAfter }: OutcomeMethods,
): HandlerContext {
  const attempt = loaded.attempts + 1;
  const deliveryId = deliveryIdOf(loaded.eventId, subscriber);
  let log: Logger | undefined;
  return {
    subscriber: subscriber.name,
    attempt,
    maxAttempts: subscriber.policy.maxAttempts,
    get signal() {
      return told.signal;
    },
    get log() {
      log ??= withFields(deps.log, {
        subscriber: subscriber.name,
        eventName: loaded.eventName,
        deliveryId,
        attempt,
      });
      return log;
    },
    idempotencyKey: deliveryId,
    deliveryId,
    insertedAt: loaded.insertedAt,
    prisma: deps.prisma as RegisteredPrisma,
    cancel,
    snooze,
    retryAfter,
  };
}

/** The idempotency key: equal in every attempt, different for every event and subscriber. */
function deliveryIdOf(eventId: string, subscriber: Subscriber): string {
  return `${eventId}:${subscriber.name}`;
}
