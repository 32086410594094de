import type { AnyEvent } from "./event.js";

// The marks are for run time only. In types they would be different symbols for the ESM and the CommonJS
// declarations of the package, and events of the one could not be given to the other.

/** Marks events and drafts of every copy of the package. */
export const eventBrand = Symbol.for("ex-event-bus.event");

/** Where a draft keeps its type. */
export const draftTypeBrand: unique symbol = Symbol.for("ex-event-bus.draft-type");

/** Marks event types of every copy of the package. */
export const eventTypeBrand = Symbol.for("ex-event-bus.event-type");

/** Marks subscribers of every copy of the package. */
export const subscriberBrand = Symbol.for("ex-event-bus.subscriber");

/**
 * Marks an object as an event, in place, so that {@link isEvent} knows it. For events that are rebuilt, from
 * the database or from another event: a copy (`{ ...event }`) has no mark.
 *
 * The mark cannot be enumerated: it shows neither in JSON nor in comparisons.
 */
export function brandEvent<E extends AnyEvent>(event: E): E {
  return Object.defineProperty(event, eventBrand, { value: true });
}

/** Whether a value carries a mark. */
export function hasBrand(value: unknown, brand: symbol): boolean {
  const canCarry = (typeof value === "object" && value !== null) || typeof value === "function";
  return canCarry && Reflect.get(value, brand) === true;
}
