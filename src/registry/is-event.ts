import { eventBrand, eventTypeBrand, hasBrand } from "./draft-event.js";
import type { AnyEvent } from "./event.js";
import type { AnyEventType, EventDraftOf, EventOf } from "./event-type.js";

/**
 * Whether a value is an event, and of a type, if one is given.
 *
 * Events have a mark. An object that only looks like an event is none, because nothing has checked it. All copies of the
 * package use the same mark, and types are compared by name, so that an event is still recognized after a hot reload. A
 * copy of an event (`{ ...event }`) has no mark until `brandEvent` adds it.
 *
 * @example
 * ```ts
 * if (isEvent(value, UserRegistered)) console.log(value.aggregate.email);
 * ```
 */
export function isEvent(value: unknown): value is AnyEvent;
export function isEvent<T extends AnyEventType>(
  value: unknown,
  type: T,
): value is EventOf<T> | EventDraftOf<T>;
export function isEvent(value: unknown, type?: AnyEventType): boolean {
  return hasBrand(value, eventBrand) && (type === undefined || (value as AnyEvent).name === type.name);
}

/** Whether a value is an event type, as `defineEvent` returns. */
export function isEventType(value: unknown): value is AnyEventType {
  return typeof value === "function" && hasBrand(value, eventTypeBrand);
}
