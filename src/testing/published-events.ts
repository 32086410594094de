import { readEvents } from "../admin/events.js";
import type { Queryable } from "../outbox/executor.js";
import type { EventFilter } from "../outbox/find-events.js";
import type { ListedEvent } from "../outbox/stored-event.js";
import { isObject } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { AnyEventType, EventOf } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import type { Subscriber } from "../registry/subscriber.js";

/** Selects events by their type, which is then the type of the result. All given conditions must hold. */
export interface TypedEventFilter<T extends AnyEventType> extends Omit<EventFilter, "event"> {
  readonly event: T | readonly T[];
}

/**
 * The published events: all, those of a type, those that a subscriber handles, or those that fit a filter; in the order of their
 * positions. An event that cannot be read is listed with its `error`, and its values as JSON.
 *
 * @param client a Prisma client, or a `pg` client or pool; the client of a transaction sees the events that
 * the transaction has published so far.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * const [event] = await publishedEvents(prisma, UserRegistered);
 * expect(event?.aggregate.email).toBe("ann@example.com");
 * const latest = await publishedEvents(prisma, { event: UserRegistered, limit: 1, last: true });
 * ```
 */
export function publishedEvents<Events extends readonly AnyEventType[]>(
  client: Queryable,
  subscriber: Subscriber<string, Events>,
  options?: DatabaseOptions,
): Promise<readonly ListedEvent<EventOf<Events[number]>>[]>;
export function publishedEvents<T extends AnyEventType>(
  client: Queryable,
  type: T | TypedEventFilter<T>,
  options?: DatabaseOptions,
): Promise<readonly ListedEvent<EventOf<T>>[]>;
export function publishedEvents(
  client: Queryable,
  filter?: EventFilter,
  options?: DatabaseOptions,
): Promise<readonly ListedEvent[]>;
export function publishedEvents(
  client: Queryable,
  filter: Subscriber | AnyEventType | TypedEventFilter<AnyEventType> | EventFilter = {},
  options: DatabaseOptions = {},
): Promise<readonly ListedEvent[]> {
  return readEvents(client, asFilter(filter), options, { of: "publishedEvents()", upTo: "seen" });
}

function asFilter(
  filter: Subscriber | AnyEventType | TypedEventFilter<AnyEventType> | EventFilter,
): EventFilter {
  if (isSubscriber(filter)) return { event: filter.events.map(({ name }) => name) };
  if (isEventType(filter)) return { event: filter.name };
  // A value that is no filter is refused later, where the names of conditions are checked.
  if (!isObject(filter) || filter.event === undefined) return filter as EventFilter;
  return { ...(filter as EventFilter), event: namesOf(filter.event as Named | readonly Named[]) };
}

/** An event type or a subscriber, given by itself or by name. */
export type Named = string | { readonly name: string };

/** The names of event types or subscribers. Other values are returned unchanged; the check of the names refuses them. */
export function namesOf(named: Named | readonly Named[]): string | readonly string[] {
  const nameOf = (one: Named) => (isEventType(one) || isSubscriber(one) ? one.name : (one as string));
  return Array.isArray(named) ? named.map(nameOf) : nameOf(named as Named);
}
