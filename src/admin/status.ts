import { aliveWorkers, type WorkerStatus } from "../outbox/alive-workers.js";
import type { Queryable } from "../outbox/executor.js";
import { type SubscriberStatus, subscriberStatus } from "../outbox/subscriber-status.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { withNames } from "./with-names.js";

/** The subscribers and workers of the event bus in a database. */
export interface Status {
  /** By application and name. A subscriber that was unsubscribed is listed while it has open or dead deliveries. */
  readonly subscribers: readonly SubscriberStatus[];
  /** The running workers of all applications. */
  readonly workers: readonly WorkerStatus[];
}

/**
 * The number of deliveries in each state by subscriber, and the running workers. Reads open and dead deliveries, and events since
 * the last checkpoints of workers, but not the whole log.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`, `PERMISSION_DENIED`.
 *
 * @example
 * ```ts
 * const { subscribers } = await status(prisma);
 * const dead = subscribers.reduce((sum, subscriber) => sum + subscriber.dead, 0);
 * ```
 */
export function status(client: Queryable, options: DatabaseOptions = {}): Promise<Status> {
  return withNames(client, { of: "status()", options }, async (executor, names) => ({
    subscribers: await subscriberStatus(executor, names),
    workers: await aliveWorkers(executor, names),
  }));
}
