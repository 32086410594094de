import type { Operation } from "./event.js";
import type { AnyEventType } from "./event-type.js";

/** The properties of a column that determine its values. */
export interface KnownField {
  readonly name: string;
  /** Prisma's type: `Int`, `String`, … or the name of an enum. */
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  readonly isUpdatedAt: boolean;
  /** `Uuid` for `@db.Uuid`; undefined for the default of the type. */
  readonly nativeType: string | undefined;
  /** 3 for `@db.Char(3)`; undefined without a limit. */
  readonly nativeLength?: number;
  /** For enums: from the label in the database to the name in Prisma. */
  readonly enumNames?: ReadonlyMap<string, string>;
}

/** The properties of an event that only a client with that event knows. */
export interface KnownEvent {
  /** The columns of its model. */
  readonly fields: readonly KnownField[];
  /** The names of its relations. */
  readonly relations: readonly string[];
  /** The operation of its capture rule; `publish` if there is none. */
  readonly operation: Operation;
  /** The fields that identify a row. */
  readonly keyFields: readonly string[];
  /** Returns the `aggregateKey` of a row. */
  readonly aggregateKeyOf: (row: Readonly<Record<string, unknown>>) => string | null;
}

const KEY = Symbol.for("ex-event-bus.known-events");

// An event type has only the name of its model. The fields of the model come from a client, which has the schema. All copies of the
// package share them, as they share the mark of events.
const registry = globalThis as { [KEY]?: WeakMap<AnyEventType, KnownEvent> };
const known = registry[KEY] ?? new WeakMap<AnyEventType, KnownEvent>();
registry[KEY] = known;

/** Stores the properties of an event that a client was given. */
export function rememberEvent(type: AnyEventType, event: KnownEvent): void {
  known.set(type, event);
}

/** The properties of an event; undefined until a client was given the event. */
export function knownEvent(type: AnyEventType): KnownEvent | undefined {
  return known.get(type);
}
