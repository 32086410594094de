import { deliveries as findDeliveries } from "../admin/deliveries.js";
import type { Queryable } from "../outbox/executor.js";
import type { Delivery, DeliveryFilter } from "../outbox/find-deliveries.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import type { AnyEventType } from "../registry/event-type.js";
import type { Subscriber } from "../registry/subscriber.js";

/** Which deliveries: subscribers and events themselves or by name. Every condition that is given must hold. */
export interface TypedDeliveryFilter<S extends Subscriber, T extends AnyEventType>
  extends Omit<DeliveryFilter, "subscriber" | "event"> {
  readonly subscriber?: S | S["name"] | readonly (S | S["name"])[] | undefined;
  readonly event?: T | T["name"] | readonly (T | T["name"])[] | undefined;
}

/** A delivery of which the compiler knows the subscriber and the event. */
export interface TypedDelivery<Name extends string, EventName extends string> extends Delivery {
  readonly subscriber: Name;
  readonly eventName: EventName;
}

/**
 * The deliveries of what was published: all of them, those of a subscriber, or those that fit a filter; by the
 * positions of their events.
 *
 * @param client a Prisma client, or a `pg` client or pool; the client of a transaction sees what that has published
 * so far.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * expect(await deliveries(prisma, sendWelcome)).toMatchObject([{ state: "dead", attempts: 20 }]);
 * expect(await deliveries(prisma, { event: UserRegistered, state: "waiting" })).toEqual([]);
 * ```
 */
export function deliveries<Name extends string, Events extends readonly AnyEventType[]>(
  client: Queryable,
  subscriber: Subscriber<Name, Events>,
  options?: DatabaseOptions,
): Promise<readonly TypedDelivery<Name, Events[number]["name"]>[]>;
export function deliveries<S extends Subscriber = Subscriber, T extends AnyEventType = AnyEventType>(
  client: Queryable,
  filter?: TypedDeliveryFilter<S, T>,
  options?: DatabaseOptions,
): Promise<readonly TypedDelivery<S["name"], T["name"]>[]>;
export function deliveries(
  client: Queryable,
  filter: Subscriber | TypedDeliveryFilter<Subscriber, AnyEventType> = {},
  options: DatabaseOptions = {},
): Promise<readonly Delivery[]> {
  return findDeliveries(client, "handle" in filter ? { subscriber: filter.name } : byName(filter), options);
}

type Named = string | { readonly name: string };

function byName({
  subscriber,
  event,
  ...others
}: TypedDeliveryFilter<Subscriber, AnyEventType>): DeliveryFilter {
  const names = (named: Named | readonly Named[]) =>
    [named].flat().map((one) => (typeof one === "string" ? one : one.name));
  return {
    ...others,
    ...(subscriber === undefined ? {} : { subscriber: names(subscriber) }),
    ...(event === undefined ? {} : { event: names(event) }),
  };
}
