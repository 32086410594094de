import {
  checkOptions,
  invalidOption,
  isObject,
  type Place,
  type UnknownOptions,
  within,
} from "../registry/check-options.js";
import { keyAsText, OPERATIONS } from "../registry/draft-event.js";
import type { EventMetadata, Operation, StoredEvent } from "../registry/event.js";
import type { AnyEventType, DraftKey, EventOf } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import { knownEvent } from "../registry/known-events.js";
import { type AsymmetricMatcher, type Comparison, compare, isAsymmetric } from "./compare.js";

/** A part of a value. Fields that are left out are ignored, and every value may be an asymmetric matcher. */
export type PartOf<V> = AsymmetricMatcher | PartOfValue<V>;

type PartOfValue<V> = V extends string | number | bigint | boolean | null | undefined | Date | Uint8Array
  ? V
  : V extends { toFixed(): string }
    ? V
    : V extends readonly (infer Item)[]
      ? readonly PartOf<Item>[]
      : { readonly [Key in keyof V]?: PartOf<V[Key]> | undefined };

/** The expected values of an event. Values that are left out are ignored. Asymmetric matchers work at any depth. */
export interface ExpectedEvent<T extends AnyEventType = AnyEventType> {
  /** Fields of the row. */
  readonly aggregate?: PartOf<EventOf<T>["aggregate"]>;
  /** Fields that changed, with their new values. */
  readonly changes?: PartOf<EventOf<T>["changes"]>;
  /** Fields that changed, with their old values. */
  readonly initialData?: PartOf<EventOf<T>["initialData"]>;
  readonly metadata?: PartOf<EventMetadata>;
  /** The primary key; for a compound key an array. */
  readonly aggregateKey?: DraftKey | AsymmetricMatcher | null;
  readonly operation?: Operation | AsymmetricMatcher;
  readonly id?: string | AsymmetricMatcher;
  readonly version?: number | AsymmetricMatcher;
}

/** The fields that can be expected of an event. */
export const EVENT_FIELDS: readonly (keyof ExpectedEvent)[] = [
  "aggregate",
  "changes",
  "initialData",
  "metadata",
  "aggregateKey",
  "operation",
  "id",
  "version",
];

/** @throws EventBusError `INVALID_OPTION` if `type` is no event type. */
export function checkEventType(type: unknown, path: string, place: Place): AnyEventType {
  if (isEventType(type)) return type;
  const hint =
    type === undefined
      ? ": is it exported, and imported by that name? An import cycle gives it too late"
      : "";
  throw invalidOption(path, type, `an event type made by defineEvent${hint}`, place);
}

/**
 * @param type the type of the events; undefined if there are several.
 * @throws EventBusError `INVALID_OPTION` if it is no expectation, or one that no event can meet.
 */
export function checkExpected(
  expected: unknown,
  path: string,
  place: Place,
  type: AnyEventType | undefined,
): ExpectedEvent {
  if (expected === undefined) return {};
  const at = { of: place.of, path };
  const given = checkFields(expected, EVENT_FIELDS, at);
  for (const field of Object.keys(given)) checkField(field as keyof ExpectedEvent, given[field], at, type);
  const { aggregateKey } = given;
  if (aggregateKey === undefined || isAsymmetric(aggregateKey)) return given;
  return { ...given, aggregateKey: keyAsText(aggregateKey, at) };
}

/** @throws EventBusError `INVALID_OPTION` for anything but an object of known fields. */
export function checkFields(
  expected: unknown,
  known: readonly string[],
  place: Required<Place>,
): UnknownOptions {
  if (!isAsymmetric(expected)) return checkOptions(expected, known, place);
  const plain = "a plain object, whose fields may be asymmetric matchers";
  throw invalidOption(place.path, expected, plain, { of: place.of });
}

/** Refuses impossible values: with them every `.not` would pass. */
function checkField(
  field: keyof ExpectedEvent,
  value: unknown,
  place: Place,
  type: AnyEventType | undefined,
): void {
  if (isAsymmetric(value)) return;
  if (value === undefined) {
    throw invalidOption(field, value, "a value; leave the field out if any value will do", place);
  }
  if (field === "operation" && !OPERATIONS.includes(value as Operation)) {
    throw invalidOption(field, value, `one of ${OPERATIONS.map((one) => `"${one}"`).join(", ")}`, place);
  }
  if (isThenable(value)) throw invalidOption(field, value, "a value: await the promise first", place);
  const isPart = field === "changes" || field === "initialData" || field === "metadata";
  if (isPart && !isObject(value)) throw invalidOption(field, value, "an object", place);
  const known = type === undefined || type.model === undefined ? undefined : knownEvent(type);
  if (known === undefined || field === "metadata" || !isObject(value)) return;
  const columns = known.fields.map(({ name }) => name);
  checkOptions(
    value,
    field === "aggregate" ? columns : [...columns, ...known.relations],
    within(place, field),
  );
}

function isThenable(value: unknown): boolean {
  return typeof (Object(value) as { readonly then?: unknown }).then === "function";
}

/** Compares an event with an expectation. */
export function compareEvent(expected: ExpectedEvent, event: StoredEvent): readonly Comparison[] {
  return EVENT_FIELDS.filter((field) => expected[field] !== undefined).flatMap((field) =>
    compare(expected[field], event[field as keyof StoredEvent], field),
  );
}
