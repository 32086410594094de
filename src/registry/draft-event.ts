import { asText } from "../codec/encode.js";
import { EventBusError } from "../errors.js";
import { checkMetadata } from "./check-metadata.js";
import { checkOptions, describe, invalidOption, isObject, type Place } from "./check-options.js";
import type { AnyEvent, EventMetadata, Operation } from "./event.js";
import type { AnyEventType, EventDraft } from "./event-type.js";
import { uuidV7 } from "./uuid-v7.js";

// The marks are for run time only. In types they would be different symbols for the ESM and the CommonJS
// declarations of the package, and events of the one could not be given to the other.

/** Marks events and drafts of every copy of the package. */
export const eventBrand = Symbol.for("ex-event-bus.event");

/** Where a draft keeps its type. */
export const draftTypeBrand: unique symbol = Symbol.for("ex-event-bus.draft-type");

/** Marks event types of every copy of the package. */
export const eventTypeBrand = Symbol.for("ex-event-bus.event-type");

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

/** The fields of an event when it is made. */
export interface DraftFields {
  readonly aggregateKey: string | null;
  readonly operation: Operation;
  readonly aggregate: unknown;
  readonly changes: unknown;
  readonly initialData: unknown;
  readonly metadata: EventMetadata;
}

/** Makes an event from checked fields. For captured events. */
export function makeDraft(type: AnyEventType, fields: DraftFields): EventDraft {
  const { name, version, aggregateType } = type;
  const event: AnyEvent = { id: uuidV7(), name, version, aggregateType, ...fields };
  // The draft holds its type, so that publishing can validate the aggregate without a list of types.
  Object.defineProperty(event, draftTypeBrand, { value: type });
  return Object.freeze(brandEvent(event));
}

/** The type of a draft; undefined for anything that is not a draft. */
export function draftTypeOf(value: unknown): AnyEventType | undefined {
  if (!hasBrand(value, eventBrand)) return undefined;
  return (value as { readonly [draftTypeBrand]?: AnyEventType })[draftTypeBrand];
}

const draftOptions = ["aggregateKey", "metadata", "changes", "initialData", "operation"];

/** What an event can be about. */
export const OPERATIONS: readonly Operation[] = ["create", "update", "delete", "publish"];

/** Makes an event from unchecked arguments. An event type calls this when it is called. */
export function draftEvent(type: AnyEventType, aggregate: unknown, options: unknown = {}): EventDraft {
  const place = { of: `${type.name}()` };
  if (aggregate === undefined || (type.model !== undefined && !isObject(aggregate))) {
    const expected = type.model === undefined ? "a value" : `a row of ${type.model}`;
    const message = `the aggregate of ${place.of} is ${describe(aggregate)}: expected ${expected}`;
    throw new EventBusError("INVALID_AGGREGATE", message, { value: aggregate, path: "aggregate" });
  }
  const { aggregateKey, metadata, changes, initialData, operation } = checkOptions(
    options,
    draftOptions,
    place,
  );
  if (metadata !== undefined) checkMetadata(metadata, "metadata", place.of);
  for (const [option, value] of Object.entries({ changes, initialData })) {
    if (value !== undefined && !isObject(value)) throw invalidOption(option, value, "an object", place);
  }
  if (operation !== undefined && !(OPERATIONS as readonly unknown[]).includes(operation)) {
    throw invalidOption("operation", operation, '"create", "update", "delete" or "publish"', place);
  }
  return makeDraft(type, {
    aggregateKey: keyAsText(aggregateKey, place),
    operation: (operation as Operation | undefined) ?? "publish",
    aggregate,
    changes: changes ?? {},
    initialData: initialData ?? {},
    metadata: (metadata as EventMetadata | undefined) ?? {},
  });
}

/** A primary key as events have it: text, for a compound key a JSON array of texts. */
export function keyAsText(key: unknown, place: Place): string | null {
  if (key === undefined || key === null) return null;
  const texts = [key].flat().map(partAsText);
  const [only] = texts;
  if (only === undefined || texts.includes(undefined)) throw invalidOption("aggregateKey", key, KEY, place);
  return Array.isArray(key) ? JSON.stringify(texts) : only;
}

const KEY =
  "a string, a number, a bigint, a boolean, a Date, bytes, a Decimal, or an array of these for a compound key";

function partAsText(part: unknown): string | undefined {
  return typeof part === "number" && !Number.isFinite(part) ? undefined : asText(part);
}
