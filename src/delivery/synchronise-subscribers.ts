import type { Executor } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { type SubscriptionInput, synchroniseSubscriptions } from "../outbox/subscriptions.js";
import type { Backoff } from "../registry/backoff.js";
import type { Subscriber } from "../registry/subscriber.js";

/**
 * Makes the database know an application's subscribers. Returns those of which something changed.
 *
 * @throws EventBusError `SUBSCRIBER_TAKEN`, `SCHEMA_MISSING`.
 */
export async function synchroniseSubscribers(
  executor: Executor,
  names: SchemaNames,
  application: string,
  subscribers: readonly Subscriber[],
): Promise<readonly string[]> {
  const subscriptions = subscribers.flatMap(subscriptionsTo);
  if (subscriptions.length === 0) return [];
  return synchroniseSubscriptions(executor, names, application, subscriptions);
}

function subscriptionsTo(subscriber: Subscriber): readonly SubscriptionInput[] {
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
    policy,
  }));
}

function describeBackoff(backoff: Backoff): string {
  if (typeof backoff === "function") return "a function";
  if (backoff.kind === "fixed") return `fixed ${backoff.delayMs} ms`;
  const { minMs, factor, maxMs, jitter } = backoff;
  return `exponential ${minMs} ms * ${factor} up to ${maxMs} ms, jitter ${jitter}`;
}
