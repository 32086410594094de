import type { TaskList } from "graphile-worker";

import { type DeliverDeps, deliver } from "../delivery/deliver.js";
import type { Outcome } from "../delivery/outcome.js";
import type { Wakeup } from "../delivery/wakeup.js";
import { taskIdentifier } from "../outbox/subscriptions.js";
import type { Subscriber } from "../registry/subscriber.js";

/** Deliveries that this worker makes right now. */
export type RunningDeliveries = Map<string, Promise<Outcome>>;

/**
 * One task for each subscriber.
 *
 * A task must not return before the outcome is recorded: graphile-worker then deletes the job, whoever holds it. And
 * it must return nothing: lists have a meaning of their own there.
 */
export function taskList(
  subscribers: readonly Subscriber[],
  running: RunningDeliveries,
  deps: DeliverDeps,
): TaskList {
  return Object.fromEntries(
    subscribers.map((subscriber) => [
      taskIdentifier(subscriber.name),
      async (payload: unknown, helpers: { readonly job: { readonly attempts: number } }) => {
        // Each claim raises graphile-worker's count of attempts. Ours are in the delivery.
        const wakeup = readWakeup(payload, helpers.job.attempts - 1);
        const key = `${wakeup.position}/${wakeup.subscriptionId}/${wakeup.generation}`;
        const already = running.get(key);
        if (already !== undefined) {
          // The connection broke while it ran, and this is its job again: it still runs, here.
          await already;
          return;
        }
        const delivery = deliver(wakeup, subscriber, deps);
        running.set(key, delivery);
        try {
          await delivery;
        } finally {
          running.delete(key);
        }
      },
    ]),
  );
}

function readWakeup(payload: unknown, claims: number): Wakeup {
  const { p, s, g, a } = (payload ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof p === "number" && typeof s === "number" && typeof g === "number" && typeof a === "number") {
    return { position: p, subscriptionId: s, generation: g, attempts: a, claims };
  }
  throw new Error(`The payload ${JSON.stringify(payload)} is none of ex-event-bus. Who added this job?`);
}
