import { events } from "../admin/events.js";
import type { Queryable } from "../outbox/executor.js";
import type { EventFilter } from "../outbox/find-events.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import type { StoredEvent } from "../registry/event.js";
import type { AnyEventType, EventOf } from "../registry/event-type.js";

/**
 * The events that were published: all of them, those of a type, or those that fit a filter; in the order of their
 * positions.
 *
 * @param client a Prisma client, or a `pg` client or pool; the client of a transaction sees what that has published
 * so far.
 * @throws EventBusError `SCHEMA_MISSING`, `VALUE_NOT_READABLE`.
 *
 * @example
 * ```ts
 * const [event] = await publishedEvents(prisma, UserRegistered);
 * expect(event?.aggregate.email).toBe("ann@example.com");
 * ```
 */
export function publishedEvents<T extends AnyEventType>(
  client: Queryable,
  type: T,
  options?: DatabaseOptions,
): Promise<readonly EventOf<T>[]>;
export function publishedEvents(
  client: Queryable,
  filter?: EventFilter,
  options?: DatabaseOptions,
): Promise<readonly StoredEvent[]>;
export function publishedEvents(
  client: Queryable,
  filter: AnyEventType | EventFilter = {},
  options: DatabaseOptions = {},
): Promise<readonly StoredEvent[]> {
  return events(client, typeof filter === "function" ? { event: filter.name } : filter, options);
}
