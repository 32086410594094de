import type { Queryable } from "../outbox/executor.js";
import { type EventFilter, findEvents, type ReadUpTo } from "../outbox/find-events.js";
import type { ListedEvent } from "../outbox/stored-event.js";
import { invalidOption, within } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { checkFilter } from "./check-filter.js";
import { withNames } from "./with-names.js";

const KNOWN: readonly (keyof EventFilter)[] = [
  "event",
  "eventId",
  "position",
  "aggregateType",
  "aggregateKey",
  "operation",
  "correlationId",
  "since",
  "until",
  "after",
  "limit",
  "last",
];

/**
 * The events that fit a filter, in the order of their positions. An event that cannot be read is listed with its `error`.
 *
 * @param client a Prisma client or the client of its transaction, or a `pg` client or pool.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * const latest = await events(prisma, { aggregateType: "User", aggregateKey: "17", limit: 10, last: true });
 * ```
 */
export function events(
  client: Queryable,
  filter: EventFilter = {},
  options: DatabaseOptions = {},
): Promise<readonly ListedEvent[]> {
  return readEvents(client, filter, options, { of: "events()", upTo: "final" });
}

/** {@link events} for functions with other names. */
export function readEvents(
  client: Queryable,
  filter: EventFilter,
  options: DatabaseOptions,
  { of, upTo }: { readonly of: string; readonly upTo: ReadUpTo },
): Promise<readonly ListedEvent[]> {
  const conditions = { given: filter, known: KNOWN };
  return withNames(client, { of, options, filter: conditions }, (executor, names) => {
    checkFilter(filter, { of });
    const eventId: unknown = filter.eventId;
    if (eventId !== undefined && typeof eventId !== "string")
      throw invalidOption("eventId", eventId, "the id of an event, a UUID", within({ of }, "filter"));
    return findEvents(executor, names, filter, upTo);
  });
}
