import type { TaskList } from "graphile-worker";

import { deliver } from "../delivery/deliver.js";
import type { DeliverDeps } from "../delivery/deliver-deps.js";
import type { Outcome } from "../delivery/outcome.js";
import type { Wakeup } from "../delivery/wakeup.js";
import { taskIdentifier } from "../outbox/subscriptions.js";
import type { Subscriber } from "../registry/subscriber.js";
import { isFatal } from "./is-fatal.js";

/** What a worker knows of its deliveries, whatever becomes of its connections. */
export interface OwnDeliveries {
  /** Those that it makes right now. */
  readonly running: Map<string, Promise<Outcome>>;
  /** How many claims of a delivery ended here without an outcome, and without the death of a process. */
  readonly failures: Map<string, number>;
}

export function ownDeliveries(): OwnDeliveries {
  return { running: new Map(), failures: new Map() };
}

/** Others may make what failed here, which is not learnt: so many are kept at most. */
const MOST_FAILURES = 10_000;

/**
 * One task for each subscriber.
 *
 * A task must not return before the outcome is recorded: graphile-worker then deletes the job, whoever holds it. And
 * it must return nothing: lists have a meaning of their own there.
 *
 * @param onFatal is called when a delivery fails for a reason for which all of them will.
 * @param leave is called once for each job, as soon as no handler runs for it any more.
 */
export function taskList(
  subscribers: readonly Subscriber[],
  own: OwnDeliveries,
  deps: DeliverDeps,
  onFatal: (error: unknown) => void,
  leave: () => void = () => undefined,
): TaskList {
  return Object.fromEntries(
    subscribers.map((subscriber) => [
      taskIdentifier(subscriber.name),
      async (payload: unknown, helpers: { readonly job: { readonly attempts: number } }) => {
        let hasLeft = false;
        const leaveOnce = () => {
          if (!hasLeft) leave();
          hasLeft = true;
        };
        let key = "";
        try {
          // Each claim raises graphile-worker's count of attempts. Ours are in the delivery.
          const wakeup = readWakeup(payload, helpers.job.attempts - 1);
          key = `${wakeup.position}/${wakeup.subscriptionId}/${wakeup.generation}`;
          // The connection broke while it ran, and this is its job again: it still runs, here.
          await (own.running.get(key) ?? make(wakeup, key, subscriber, leaveOnce));
          own.failures.delete(key);
        } catch (error) {
          remember(own.failures, key);
          throw error;
        } finally {
          leaveOnce();
        }
      },
    ]),
  );

  async function make(
    wakeup: Wakeup,
    key: string,
    subscriber: Subscriber,
    onHandled: () => void,
  ): Promise<void> {
    const claims = Math.max(0, (wakeup.claims ?? 0) - (own.failures.get(key) ?? 0));
    const delivery = deliver({ ...wakeup, claims }, subscriber, deps, onHandled);
    own.running.set(key, delivery);
    try {
      await delivery;
    } catch (error) {
      if (isFatal(error)) onFatal(error);
      throw error;
    } finally {
      own.running.delete(key);
    }
  }
}

function remember(failures: Map<string, number>, key: string): void {
  const count = (failures.get(key) ?? 0) + 1;
  // Moved to the end: the first one is the one that failed longest ago.
  failures.delete(key);
  failures.set(key, count);
  const [oldest] = failures.keys();
  if (failures.size > MOST_FAILURES && oldest !== undefined) failures.delete(oldest);
}

function readWakeup(payload: unknown, claims: number): Wakeup {
  const { p, s, g, a } = (payload ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof p === "number" && typeof s === "number" && typeof g === "number" && typeof a === "number") {
    return { position: p, subscriptionId: s, generation: g, attempts: a, claims, isAgain: claims > 0 };
  }
  throw new Error(`The payload ${JSON.stringify(payload)} is none of ex-event-bus. Who added this job?`);
}
