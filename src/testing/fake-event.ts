import { EventBusError } from "../errors.js";
import { checkMetadata } from "../registry/check-metadata.js";
import {
  checkInteger,
  checkOptions,
  describe,
  invalidOption,
  isObject,
  type Place,
} from "../registry/check-options.js";
import { brandEvent, keyAsText, OPERATIONS } from "../registry/draft-event.js";
import type { EventMetadata, Operation, StoredEvent } from "../registry/event.js";
import type { AnyEventType, DraftKey, EventOf } from "../registry/event-type.js";
import { isEventType } from "../registry/is-event.js";
import { knownEvent } from "../registry/known-events.js";
import { uuidV7 } from "../registry/uuid-v7.js";
import { type Content, fakeContent } from "./fake-content.js";

/** The values of a fake event. All others are made up. */
export interface FakeOverrides<T extends AnyEventType> {
  /** Fields of the row; for an event with a schema, the whole aggregate. */
  readonly aggregate?: T["model"] extends string ? Partial<EventOf<T>["aggregate"]> : EventOf<T>["aggregate"];
  /** Changed fields, which the row gets too. Defaults to the changes that the operation implies. */
  readonly changes?: EventOf<T>["changes"] | undefined;
  /** Old values. Defaults to null for a create, otherwise to made-up ones. Without `changes`, these fields have changed. */
  readonly initialData?: EventOf<T>["initialData"] | undefined;
  readonly metadata?: EventMetadata | undefined;
  /** Defaults to the operation of the event's capture rule. */
  readonly operation?: Operation | undefined;
  /** Defaults to the key of the row. */
  readonly aggregateKey?: DraftKey | null | undefined;
  readonly id?: string | undefined;
  readonly position?: number | undefined;
  readonly occurredAt?: Date | undefined;
}

const KNOWN = [
  "aggregate",
  "changes",
  "initialData",
  "metadata",
  "operation",
  "aggregateKey",
  "id",
  "position",
  "occurredAt",
];
const place: Place = { of: "fakeEvent()" };

let made = 0;

/**
 * An event as a handler receives it, without publishing it. Every column of its model has a value of its type, different for each
 * event. Import the client first: the columns are known once a client was extended with an `eventBus({ events: […] })` that has
 * the event.
 *
 * An event with a schema needs its `aggregate`, as the schema returns it. It is not checked.
 *
 * @throws EventBusError `INVALID_OPTION`; `UNKNOWN_EVENT` if no extended client has the event.
 *
 * @example
 * ```ts
 * const event = fakeEvent(UserRegistered, { aggregate: { email: "ada@example.com" } });
 * await deliver(sendWelcome, event, { prisma });
 * ```
 */
export function fakeEvent<T extends AnyEventType>(
  type: T,
  ...[overrides = {} as never]: T["model"] extends string
    ? [overrides?: FakeOverrides<T>]
    : [overrides: FakeOverrides<T> & { readonly aggregate: EventOf<T>["aggregate"] }]
): EventOf<T> {
  if (!isEventType(type)) throw invalidOption("event", type, "an event type made by defineEvent", place);
  const given = checkOptions(overrides, KNOWN, place) as FakeOverrides<AnyEventType>;
  checkFields(given);
  made += 1;
  const content =
    type.model === undefined
      ? ofSchema(type, given)
      : fakeContent(knownEvent(type) ?? unknownEvent(type), given, made, place);
  const event: StoredEvent = {
    id: given.id ?? uuidV7(),
    position: given.position ?? made,
    name: type.name,
    version: type.version,
    aggregateType: type.aggregateType,
    sourceSchema: type.model === undefined ? null : "public",
    metadata: given.metadata ?? {},
    occurredAt: given.occurredAt ?? new Date(),
    ...content,
  };
  return brandEvent(event) as EventOf<T>;
}

function checkFields({ metadata, operation, id, occurredAt, position }: FakeOverrides<AnyEventType>): void {
  if (metadata !== undefined) checkMetadata(metadata, "metadata", place.of);
  if (operation !== undefined && !OPERATIONS.includes(operation)) {
    throw invalidOption("operation", operation, `one of ${OPERATIONS.join(", ")}`, place);
  }
  if (id !== undefined && (typeof id !== "string" || id === ""))
    throw invalidOption("id", id, "a text", place);
  if (occurredAt !== undefined && !(occurredAt instanceof Date && !Number.isNaN(occurredAt.getTime()))) {
    throw invalidOption("occurredAt", occurredAt, "a valid Date", place);
  }
  checkInteger({ position }, "position", { min: 0, max: Number.MAX_SAFE_INTEGER, defaultsTo: 0 }, place);
}

function ofSchema(type: AnyEventType, given: FakeOverrides<AnyEventType>): Content {
  const { aggregate, operation = "publish", aggregateKey, changes = {}, initialData = {} } = given;
  if (aggregate === undefined) {
    const expected = `the aggregate of ${type.name}, which has a schema and no model`;
    throw invalidOption("aggregate", aggregate, expected, place);
  }
  for (const [option, value] of Object.entries({ changes, initialData }))
    if (!isObject(value)) throw invalidOption(option, value, "an object", place);
  return {
    aggregate,
    operation,
    changes,
    initialData,
    aggregateKey: keyAsText(aggregateKey, place),
  };
}

function unknownEvent(type: AnyEventType): never {
  throw new EventBusError(
    "UNKNOWN_EVENT",
    `fakeEvent() does not know the model ${describe(type.model)} of ${type.name}: only a client has the Prisma schema. First ` +
      "import the file that extends a client with eventBus({ events: [...] }), and list the event there.",
    { value: type.name },
  );
}
