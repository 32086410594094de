import { aliveWorkers, type WorkerStatus } from "../outbox/alive-workers.js";
import type { Queryable } from "../outbox/executor.js";
import { type SubscriberStatus, subscriberStatus } from "../outbox/subscriber-status.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { withNames } from "./with-names.js";

/** How the event bus of a database stands. */
export interface Status {
  /** By application and name; those that have ended only while something of them is open or dead. */
  readonly subscribers: readonly SubscriberStatus[];
  /** The workers that run, of all applications. */
  readonly workers: readonly WorkerStatus[];
}

/**
 * How many deliveries of each subscriber are in which state, and which workers run. Reads what is open or dead, and what
 * came since workers looked last, but not the whole log.
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
