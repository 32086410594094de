import type { Operation } from "./event.js";
import type { AnyEventType } from "./event-type.js";

/** A column, as far as its values are concerned. */
export interface KnownField {
  readonly name: string;
  /** Prisma's type: `Int`, `String`, … or the name of an enum. */
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  readonly isUpdatedAt: boolean;
  /** `Uuid` for `@db.Uuid`; undefined: the usual one of the type. */
  readonly nativeType: string | undefined;
  /** 3 for `@db.Char(3)`; undefined: as long as one likes. */
  readonly nativeLength?: number;
  /** For enums: from the label in the database to the name in Prisma. */
  readonly enumNames?: ReadonlyMap<string, string>;
}

/** What a client knows of an event that it was given. */
export interface KnownEvent {
  /** The columns of its model. */
  readonly fields: readonly KnownField[];
  /** The names of its relations. */
  readonly relations: readonly string[];
  /** What its capture rule is for; `publish` when there is none. */
  readonly operation: Operation;
  /** Of these, the ones that identify a row. */
  readonly keyFields: readonly string[];
  /** The key of a row of its model, as events have it. */
  readonly keyOf: (row: Readonly<Record<string, unknown>>) => string | null;
}

const KEY = Symbol.for("ex-event-bus.known-events");

// An event type names its model and knows nothing of it: only a client has the schema. Shared by every copy of the
// package, like the mark of events.
const registry = globalThis as { [KEY]?: WeakMap<AnyEventType, KnownEvent> };
const known = registry[KEY] ?? new WeakMap<AnyEventType, KnownEvent>();
registry[KEY] = known;

/** Notes what a client knows of an event that it was given. */
export function rememberEvent(type: AnyEventType, event: KnownEvent): void {
  known.set(type, event);
}

/** What is known of an event; undefined as long as no client was given it. */
export function knownEvent(type: AnyEventType): KnownEvent | undefined {
  return known.get(type);
}
