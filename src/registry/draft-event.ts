import { EventBusError } from "../errors.js";
import { checkMetadata } from "./check-metadata.js";
import { checkOptions, describe, invalidOption, isObject } from "./check-options.js";
import type { AnyEvent, EventMetadata, Operation } from "./event.js";
import { brandEvent, draftTypeBrand, eventBrand, hasBrand } from "./event-brand.js";
import type { AnyEventType, EventDraft } from "./event-type.js";
import { keyAsText } from "./key-as-text.js";
import { uuidV7 } from "./uuid-v7.js";

/** What is known of an event when it is made. */
export interface DraftFields {
  readonly aggregateKey: string | null;
  readonly operation: Operation;
  readonly aggregate: unknown;
  readonly changes: unknown;
  readonly initialData: unknown;
  readonly metadata: EventMetadata;
}

/** An event of a type from fields that are known to be right; for captured events. */
export function makeDraft(type: AnyEventType, fields: DraftFields): EventDraft {
  const { name, version, aggregateType } = type;
  const event: AnyEvent = { id: uuidV7(), name, version, aggregateType, ...fields };
  // The type travels along, so that publishing needs no list of types to validate the aggregate.
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

/** An event of a type from what a caller gave; what an event type does when it is called. */
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
