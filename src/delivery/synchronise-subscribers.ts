import type { Executor } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import {
  type RegisteredPolicy,
  registeredPolicies,
  type SubscriptionInput,
  synchroniseSubscriptions,
} from "../outbox/subscriptions.js";
import type { Backoff } from "../registry/backoff.js";
import { keptFor, type Retention } from "../registry/retention.js";
import type { Subscriber } from "../registry/subscriber.js";

/**
 * Registers the subscribers of an application and the retention of their events. Returns the names of the subscribers that changed.
 *
 * @throws EventBusError `SUBSCRIBER_TAKEN`, `SCHEMA_MISSING`.
 */
export async function synchroniseSubscribers(
  executor: Executor,
  names: SchemaNames,
  application: string,
  subscribers: readonly Subscriber[],
  retention?: Pick<Retention, "default" | "events">,
): Promise<readonly string[]> {
  const subscriptions = subscribers.flatMap((subscriber) => subscriptionsTo(subscriber, retention));
  if (subscriptions.length === 0) return [];
  return synchroniseSubscriptions(executor, names, application, subscriptions);
}

/** The policies of subscribers that are registered, and whether they are in force. */
export function policiesOf(
  executor: Executor,
  names: SchemaNames,
  application: string,
  subscribers: readonly Subscriber[],
  retention: Pick<Retention, "default" | "events">,
): Promise<readonly RegisteredPolicy[]> {
  const subscriptions = subscribers.flatMap((subscriber) => subscriptionsTo(subscriber, retention));
  return registeredPolicies(executor, names, application, subscriptions);
}

function subscriptionsTo(
  subscriber: Subscriber,
  retention: Pick<Retention, "default" | "events"> | undefined,
): readonly SubscriptionInput[] {
  const { priority, delayMs, maxAttempts, timeoutMs, backoff, history, transactional } = subscriber.policy;
  const policy = {
    maxAttempts,
    timeoutMs,
    backoff: describeBackoff(backoff),
    ...(history === "full" ? {} : { history }),
    ...(transactional ? { transactional: "yes" } : {}),
  };
  return subscriber.events.map((event) => ({
    event: event.name,
    subscriber: subscriber.name,
    priority,
    delayMs,
    policy: retention === undefined ? policy : { ...policy, keepMs: keepMs(retention, event.name) },
  }));
}

/** As PostgreSQL reads it as a number. */
function keepMs(retention: Pick<Retention, "default" | "events">, event: string): number | string {
  const kept = keptFor(retention, event);
  return kept === false ? "Infinity" : kept;
}

function describeBackoff(backoff: Backoff): string {
  if (typeof backoff === "function") return "a function";
  if (backoff.kind === "fixed") return `fixed ${backoff.delayMs} ms`;
  const { minMs, factor, maxMs, jitter } = backoff;
  return `exponential ${minMs} ms * ${factor} up to ${maxMs} ms, jitter ${jitter}`;
}
