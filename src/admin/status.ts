import { countDeliveries, type DeliveryCounts } from "../outbox/count-deliveries.js";
import type { Queryable } from "../outbox/executor.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { withNames } from "./with-names.js";

/**
 * How many deliveries of each subscriber are in which state. Reads the whole log.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * const dead = (await status(prisma)).reduce((sum, subscriber) => sum + subscriber.dead, 0);
 * ```
 */
export function status(client: Queryable, options: DatabaseOptions = {}): Promise<readonly DeliveryCounts[]> {
  return withNames(client, { of: "status()", options }, countDeliveries);
}
