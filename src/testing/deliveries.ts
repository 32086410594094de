import { deliveries as findDeliveries } from "../admin/deliveries.js";
import type { Queryable } from "../outbox/executor.js";
import type { Delivery, DeliveryFilter } from "../outbox/find-deliveries.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import type { Subscriber } from "../registry/subscriber.js";

/**
 * The deliveries of what was published: all of them, those of a subscriber, or those that fit a filter; by the
 * positions of their events.
 *
 * @param client a Prisma client, or a `pg` client or pool; the client of a transaction sees what that has published
 * so far.
 * @throws EventBusError `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * expect(await deliveries(prisma, sendWelcome)).toMatchObject([{ state: "dead", attempts: 20 }]);
 * ```
 */
export function deliveries(
  client: Queryable,
  filter: Subscriber | DeliveryFilter = {},
  options: DatabaseOptions = {},
): Promise<readonly Delivery[]> {
  return findDeliveries(client, "handle" in filter ? { subscriber: filter.name } : filter, options);
}
