import { checkOptions, invalidOption, type Place } from "../registry/check-options.js";
import type { EventMetadata, Operation, StoredEvent } from "../registry/event.js";
import type { AnyEventType, DraftKey, EventOf } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import { keyAsText } from "../registry/key-as-text.js";
import { type AsymmetricMatcher, type Comparison, compare, isAsymmetric } from "./compare.js";

/** A part of a value: fields that are left out do not count, and everything may be an asymmetric matcher. */
export type PartOf<V> = AsymmetricMatcher | PartOfValue<V>;

type PartOfValue<V> = V extends string | number | bigint | boolean | null | undefined | Date | Uint8Array
  ? V
  : V extends { toFixed(): string }
    ? V
    : V extends readonly (infer Item)[]
      ? readonly PartOf<Item>[]
      : { readonly [Key in keyof V]?: PartOf<V[Key]> | undefined };

/** What an event is expected to have; what is left out does not count. Asymmetric matchers work at any depth. */
export interface ExpectedEvent<T extends AnyEventType = AnyEventType> {
  /** Fields of the row. */
  readonly aggregate?: PartOf<EventOf<T>["aggregate"]> | undefined;
  /** Fields that changed, with their new values. */
  readonly changes?: PartOf<EventOf<T>["changes"]> | undefined;
  /** Fields that changed, with their old values. */
  readonly initialData?: PartOf<EventOf<T>["initialData"]> | undefined;
  readonly metadata?: PartOf<EventMetadata> | undefined;
  /** The primary key; for a compound key an array. */
  readonly aggregateKey?: DraftKey | AsymmetricMatcher | null | undefined;
  readonly operation?: Operation | AsymmetricMatcher | undefined;
  readonly id?: string | AsymmetricMatcher | undefined;
  readonly version?: number | AsymmetricMatcher | undefined;
}

/** What can be expected of an event. */
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

/** @throws EventBusError `INVALID_OPTION` for what is no event type. */
export function checkEventType(type: unknown, path: string, place: Place): AnyEventType {
  if (isEventType(type)) return type;
  const hint =
    type === undefined
      ? ": is it exported, and imported by that name? An import cycle gives it too late"
      : "";
  throw invalidOption(path, type, `an event type made by defineEvent${hint}`, place);
}

/** @throws EventBusError `INVALID_OPTION` for what is no expectation, or has a field that events do not have. */
export function checkExpected(expected: unknown, path: string, place: Place): ExpectedEvent {
  if (expected === undefined) return {};
  const given = checkOptions(expected, EVENT_FIELDS, { of: place.of, path });
  const { aggregateKey } = given;
  if (aggregateKey === undefined || isAsymmetric(aggregateKey)) return given;
  return { ...given, aggregateKey: keyAsText(aggregateKey, { of: place.of, path }, "aggregateKey") };
}

/** Holds an event against what is expected of it. */
export function compareEvent(expected: ExpectedEvent, event: StoredEvent): readonly Comparison[] {
  return EVENT_FIELDS.filter((field) => expected[field] !== undefined).flatMap((field) =>
    compare(expected[field], event[field as keyof StoredEvent], field),
  );
}
