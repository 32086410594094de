import type { DecimalLike } from "../codec/decimal.js";
import type { AnyEvent, EventMetadata, Operation, StoredEvent } from "./event.js";
import type { ChangesOf, InitialDataOf, RowOf, TypeMap } from "./prisma-type-map.js";
import type { StandardSchemaV1 } from "./standard-schema.js";

/** An event that is not published yet. Has no position, because the database assigns it. */
export interface EventDraft<
  Name extends string = string,
  Aggregate = unknown,
  Changes = unknown,
  InitialData = unknown,
> extends AnyEvent<Name, Aggregate, Changes, InitialData> {
  /** Never present: a stored event cannot be published again. */
  readonly position?: never;
}

/** Optional fields of a draft. */
export interface DraftOptions<Changes = unknown, InitialData = unknown> {
  /** The aggregate's primary key, which becomes text in the event; an array for a compound key. Defaults to none. */
  readonly aggregateKey?: DraftKey | undefined;
  /** Who made the change, and why; added to the metadata of the context. Defaults to none. */
  readonly metadata?: EventMetadata | undefined;
  /** The fields that changed, with their new values. Defaults to none. */
  readonly changes?: Changes | undefined;
  /** The same fields, with their old values. Defaults to none. */
  readonly initialData?: InitialData | undefined;
  /** The operation on the aggregate. Defaults to `"publish"`. */
  readonly operation?: Operation | undefined;
}

/** A value of a primary key, as Prisma reads it; of Json and of a list the text that events have. */
type KeyValue = string | number | bigint | boolean | Date | Uint8Array | DecimalLike;

/** A primary key; an array for a compound key. */
export type DraftKey = KeyValue | readonly KeyValue[];

/** The changes of an event that has no model behind it: none. */
export type NoChanges = Readonly<Record<never, never>>;

// Without the call signature: a type that inherited one beside its own would have two overloads, and a compiler explains
// a wrong call by the last of them, which takes `never`.

/** The properties of all event types, without the call signature. */
interface EventTypeProperties {
  /** The name of its events. */
  readonly name: string;
  /** The version of its events. */
  readonly version: number;
  /** The Prisma model of its aggregate; undefined for events that are only published by hand. */
  readonly model: string | undefined;
  /** The schema that validates its aggregate; undefined for events of a model. */
  readonly schema: StandardSchemaV1 | undefined;
  /** The `aggregateType` of its events. */
  readonly aggregateType: string | null;
  /** Exists for the compiler only. */
  readonly "~types"?: { readonly draft: EventDraft; readonly stored: StoredEvent; readonly typeMap: unknown };
}

/** Any event type. */
export interface AnyEventType extends EventTypeProperties {
  (aggregate: never, options?: DraftOptions<never, never>): EventDraft;
}

/** An event type whose aggregate is a row of a Prisma model. Made by `defineEvent` of {@link eventsFor}. */
export interface ModelEventType<
  out Name extends string,
  in out TM extends TypeMap,
  in out Model extends string,
> extends EventTypeProperties {
  (
    aggregate: RowOf<TM, Model>,
    options?: DraftOptions<ChangesOf<TM, Model>, InitialDataOf<TM, Model>>,
  ): ModelEventDraft<Name, TM, Model>;
  readonly name: Name;
  readonly model: Model;
  readonly schema: undefined;
  readonly aggregateType: Model;
  readonly "~types"?: {
    readonly draft: ModelEventDraft<Name, TM, Model>;
    readonly stored: StoredEvent<Name, RowOf<TM, Model>, ChangesOf<TM, Model>, InitialDataOf<TM, Model>>;
    readonly typeMap: TM;
  };
}

/** A draft of a {@link ModelEventType}. */
export type ModelEventDraft<Name extends string, TM extends TypeMap, Model extends string> = EventDraft<
  Name,
  RowOf<TM, Model>,
  ChangesOf<TM, Model>,
  InitialDataOf<TM, Model>
>;

/**
 * An event type whose aggregate is validated by a schema. Drafts hold the input of the schema (`Input`), published events its
 * output (`Output`).
 */
export interface SchemaEventType<Name extends string, Input, Output = Input> extends EventTypeProperties {
  (
    aggregate: Input,
    options?: DraftOptions<NoChanges, NoChanges>,
  ): EventDraft<Name, Input, NoChanges, NoChanges>;
  readonly name: Name;
  readonly model: undefined;
  readonly schema: StandardSchemaV1<Input, Output>;
  readonly "~types"?: {
    readonly draft: EventDraft<Name, Input, NoChanges, NoChanges>;
    readonly stored: StoredEvent<Name, Output, NoChanges, NoChanges>;
    readonly typeMap: never;
  };
}

/**
 * The event that a handler receives for an event type; for a union of types, a union that narrows by `name`.
 *
 * @example
 * ```ts
 * function greet(event: EventOf<typeof UserRegistered>) {
 *   return `Hello ${event.aggregate.email}`;
 * }
 * ```
 */
export type EventOf<T extends AnyEventType> = NonNullable<T["~types"]>["stored"];

/** The draft that an event type returns; for a union of types, a union that narrows by `name`. */
export type EventDraftOf<T extends AnyEventType> = NonNullable<T["~types"]>["draft"];
