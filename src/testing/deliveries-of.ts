import { readDeliveries } from "../admin/deliveries.js";
import type { Queryable } from "../outbox/executor.js";
import type { Delivery, DeliveryFilter } from "../outbox/find-deliveries.js";
import { isObject } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { isSubscriber } from "../registry/define-subscriber.js";
import type { AnyEventType } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import type { Subscriber } from "../registry/subscriber.js";
import { namesOf } from "./published-events.js";

/** Selects deliveries. Subscribers and events may be given by name. All given conditions must hold. */
export interface TypedDeliveryFilter<S extends Subscriber, T extends AnyEventType>
  extends Omit<DeliveryFilter, "subscriber" | "event"> {
  readonly subscriber?: S | S["name"] | readonly (S | S["name"])[] | undefined;
  readonly event?: T | T["name"] | readonly (T | T["name"])[] | undefined;
}

/** A delivery with the types of its subscriber and event. */
export interface TypedDelivery<Name extends string, EventName extends string> extends Delivery {
  readonly subscriber: Name;
  readonly eventName: EventName;
}

/**
 * The deliveries of published events: all, those to a subscriber, those of an event, or those that fit a filter; in the order of
 * the positions of their events.
 *
 * @param client a Prisma client, or a `pg` client or pool; the client of a transaction sees the events that
 * the transaction has published so far.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * expect(await deliveriesOf(prisma, sendWelcome)).toMatchObject([{ state: "dead", attempts: 20 }]);
 * expect(await deliveriesOf(prisma, { event: UserRegistered, state: "waiting" })).toEqual([]);
 * ```
 */
export function deliveriesOf<Name extends string, Events extends readonly AnyEventType[]>(
  client: Queryable,
  subscriber: Subscriber<Name, Events>,
  options?: DatabaseOptions,
): Promise<readonly TypedDelivery<Name, Events[number]["name"]>[]>;
export function deliveriesOf<T extends AnyEventType>(
  client: Queryable,
  type: T,
  options?: DatabaseOptions,
): Promise<readonly TypedDelivery<string, T["name"]>[]>;
export function deliveriesOf<S extends Subscriber = Subscriber, T extends AnyEventType = AnyEventType>(
  client: Queryable,
  filter?: TypedDeliveryFilter<S, T>,
  options?: DatabaseOptions,
): Promise<readonly TypedDelivery<S["name"], T["name"]>[]>;
export function deliveriesOf(
  client: Queryable,
  filter: Subscriber | AnyEventType | TypedDeliveryFilter<Subscriber, AnyEventType> = {},
  options: DatabaseOptions = {},
): Promise<readonly Delivery[]> {
  return readDeliveries(client, asFilter(filter), options, { of: "deliveriesOf()" });
}

function asFilter(
  filter: Subscriber | AnyEventType | TypedDeliveryFilter<Subscriber, AnyEventType>,
): DeliveryFilter {
  if (isSubscriber(filter)) return { subscriber: filter.name };
  if (isEventType(filter)) return { event: filter.name };
  // A value that is no filter is refused later, where the names of conditions are checked.
  if (!isObject(filter)) return filter as never;
  const { subscriber, event, ...others } = filter as TypedDeliveryFilter<Subscriber, AnyEventType>;
  return {
    ...others,
    ...(subscriber === undefined ? {} : { subscriber: namesOf(subscriber) }),
    ...(event === undefined ? {} : { event: namesOf(event) }),
  };
}
