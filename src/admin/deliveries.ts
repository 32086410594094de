import type { Queryable } from "../outbox/executor.js";
import { type Delivery, type DeliveryFilter, findDeliveries } from "../outbox/find-deliveries.js";
import type { Place } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { checkFilter } from "./check-filter.js";
import { withNames } from "./with-names.js";

const KNOWN: readonly (keyof DeliveryFilter)[] = [
  "subscriber",
  "event",
  "eventId",
  "position",
  "aggregateType",
  "aggregateKey",
  "state",
  "error",
  "since",
  "until",
  "limit",
  "last",
];

/**
 * The deliveries that fit a filter, with their states and errors, in the order of the positions of their events.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * for (const { subscriber, errors } of await deliveries(prisma, { state: "dead" })) console.log(subscriber, errors);
 * ```
 */
export function deliveries(
  client: Queryable,
  filter: DeliveryFilter = {},
  options: DatabaseOptions = {},
): Promise<readonly Delivery[]> {
  return readDeliveries(client, filter, options, { of: "deliveries()" });
}

/** The same, for functions of other names. */
export function readDeliveries(
  client: Queryable,
  filter: DeliveryFilter,
  options: DatabaseOptions,
  { of }: Place,
): Promise<readonly Delivery[]> {
  const conditions = { given: filter, known: KNOWN };
  return withNames(client, { of, options, filter: conditions }, async (executor, names) => {
    checkFilter(filter, { of });
    const rows = await findDeliveries(executor, names, filter);
    return rows.map(({ generation: _, ...delivery }) => delivery);
  });
}
