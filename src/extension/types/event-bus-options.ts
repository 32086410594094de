import type { Condition } from "../../registry/condition.js";
import type { DatabaseNames } from "../../registry/database-names.js";
import type { EventMetadata } from "../../registry/event.js";
import type { AnyEventType, EventDraftOf } from "../../registry/event-type.js";
import type { RowOf, TypeMap } from "../../registry/prisma-type-map.js";

/** What `eventBus` is given. `Events` is the tuple of the event types. */
export interface EventBusOptions<Events extends readonly AnyEventType[]> {
  /** Every event that this client may publish. Names are unique. */
  readonly events: Events;
  /** Which mutations lead to which events, by model. Defaults to none. */
  readonly capture?: CaptureOptions<Events[number]> | undefined;
  /** Where the package's tables are. Defaults to the schemas `event_bus` and `graphile_worker`. */
  readonly database?: DatabaseNames | undefined;
  /** Limits of the transactions that the extension opens around mutations that are in none. */
  readonly transaction?: TransactionOptions | undefined;
  /**
   * The largest event in bytes of JSON, 1024 to 268435455. A larger one fails the mutation. Defaults to
   * 10485760.
   */
  readonly maxEventBytes?: number | undefined;
  /** Limits of `createMany`, `updateMany` and the like, and of cascades. */
  readonly bulk?: BulkOptions | undefined;
  /**
   * Returns metadata of events. Called once for all events of a call, and once for each batch of a call that writes many
   * rows. Metadata of the call and of the context override it.
   */
  readonly metadata?: (() => EventMetadata) | undefined;
}

/** Limits of a transaction. */
export interface TransactionOptions {
  /** How long to wait for a connection, in milliseconds. Defaults to 60000. */
  readonly maxWaitMs?: number | undefined;
  /** How long the transaction may take, in milliseconds. Defaults to 60000. */
  readonly timeoutMs?: number | undefined;
}

/** Limits of calls that write any number of rows. */
export interface BulkOptions {
  /**
   * The most rows that one call may write, 1 to 10000000: its rows and events are written in one transaction. It is
   * also the most rows that PostgreSQL may delete or change along with them, for calls of every kind.
   * More are refused with `TOO_MANY_ROWS` before anything is written. Defaults to 100000.
   */
  readonly maxRows?: number | undefined;
}

/** The type map that the event types come from; never when none is of a model. */
export type TypeMapOfEvents<E extends AnyEventType> = NonNullable<E["~types"]>["typeMap"];

/** Those of the event types whose aggregate is a row of the model. */
export type EventsOfModel<E extends AnyEventType, Model> = Extract<E, { readonly model: Model }>;

/** Capture rules by model. */
export type CaptureOptions<E extends AnyEventType> = CaptureOptionsOf<TypeMapOfEvents<E> & TypeMap, E>;

type CaptureOptionsOf<TM extends TypeMap, E extends AnyEventType> = {
  readonly [Model in keyof TM["model"]]?: ModelCapture<EventsOfModel<E, Model>, RowOf<TM, Model>> | undefined;
};

/** Capture rules of one model: which events a mutation of one of its rows leads to, and what they do not say. */
export interface ModelCapture<E extends AnyEventType, Row = Readonly<Record<string, unknown>>> {
  /** A row was created. */
  readonly create?: CaptureRules<E> | AnEventOfThisModelFromTheOptionEvents | undefined;
  /** A row was changed; nothing happens when no field got another value. */
  readonly update?: CaptureRules<E> | AnEventOfThisModelFromTheOptionEvents | undefined;
  /** A row was deleted. */
  readonly delete?: CaptureRules<E> | AnEventOfThisModelFromTheOptionEvents | undefined;
  /**
   * Fields that no event says, neither of this model nor those of others that mirror its rows; they do not reach the
   * event bus. Fields of the primary key cannot be left out. Defaults to none.
   */
  readonly omit?: readonly (keyof Row & string)[] | undefined;
  /** What events say instead of a field's value, by field; null stays null. Defaults to nothing. */
  readonly mask?: { readonly [Field in keyof Row]?: Mask<Row[Field]> | undefined } | undefined;
  /**
   * What becomes of a call of this model that cannot be captured, with `NOT_CAPTURED` or `TOO_MANY_ROWS` before it
   * writes: "refuse" throws that, "allow" runs the call. A call of too many rows then leads to no event at all; one
   * that brings too many rows along leads to the event of its own row and to no other. Defaults to "refuse".
   */
  readonly uncaptured?: "refuse" | "allow" | undefined;
}

/** Returns what events say instead of a value: of the same type, at once. */
export type Mask<Value> = (value: NonNullable<Value>) => NonNullable<Value>;

/**
 * Nothing is of this type. A compiler names it as what it expected when a rule or a call has an event type that is not among
 * `events`, or that is of another model.
 */
export interface AnEventOfThisModelFromTheOptionEvents {
  readonly "is expected: add the event type to the option `events` of eventBus()": never;
}

/** One event or several, each with a condition if need be. */
export type CaptureRules<E extends AnyEventType> =
  | CaptureRule<E>
  | readonly (CaptureRule<E> | AnEventOfThisModelFromTheOptionEvents)[];

/** An event, or an event and the condition on which it is published. */
export type CaptureRule<E extends AnyEventType> = E | ConditionalRule<E>;

/** An event that is published on a condition. */
export interface ConditionalRule<E extends AnyEventType> {
  readonly event: E;
  /**
   * A condition as data; or a function, called with the event before it is published. The event is published only if the
   * condition holds, or the function returns true. Defaults to always.
   */
  readonly when?: ((event: EventDraftOf<E>) => boolean) | Condition<EventDraftOf<E>["aggregate"]> | undefined;
}
