/** The operation on the aggregate. `publish`: the event was published by a program, not captured from a mutation. */
export type Operation = "create" | "update" | "delete" | "publish";

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Who made a change, and why. The package uses the named keys; all other keys are yours. Values are plain JSON.
 */
export interface EventMetadata {
  /** Who made the change, in the application's own terms. */
  readonly actor?: Json;
  /** For whom, if several customers share the database. */
  readonly tenant?: Json;
  /** Equal for all events that one request led to, however long the chain. Set by the package if absent. */
  readonly correlationId?: string;
  /** The id of the event whose handler made the change. Set by the package in handlers. */
  readonly causationId?: string;
  /**
   * Equal for all events of one call. Set by the package if a call can lead to several events, through nested writes or
   * referential actions.
   */
  readonly mutationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  readonly [key: string]: Json | undefined;
}

/** The fields of every event, stored or not. */
export interface AnyEvent<
  Name extends string = string,
  Aggregate = unknown,
  Changes = unknown,
  InitialData = unknown,
> {
  /** UUID v7, set when the event is made. */
  readonly id: string;
  readonly name: Name;
  /** The version of the event's type. Defaults to 1. */
  readonly version: number;
  /** The name of the model, for events of a model; otherwise the value that the publisher set, or null. */
  readonly aggregateType: string | null;
  /** The primary key as text; for a compound key, a JSON array of texts. Null if the event has none. */
  readonly aggregateKey: string | null;
  readonly operation: Operation;
  /** The row after the mutation; for a delete, the deleted row. */
  readonly aggregate: Aggregate;
  /** The changed fields with their new values. */
  readonly changes: Changes;
  /** The same fields, with their old values. */
  readonly initialData: InitialData;
  readonly metadata: EventMetadata;
}

/** A stored event. */
export interface StoredEvent<
  Name extends string = string,
  Aggregate = unknown,
  Changes = unknown,
  InitialData = unknown,
> extends AnyEvent<Name, Aggregate, Changes, InitialData> {
  /** Its place in the log. Safe as a number up to 2^53. */
  readonly position: number;
  /** When the event was stored, by the clock of the database. */
  readonly occurredAt: Date;
  /** The PostgreSQL schema of the aggregate's table; null for published events. */
  readonly sourceSchema: string | null;
}

/** What publishing stored and enqueued. */
export interface PublishResult {
  /** The events, in the order in which they were given. */
  readonly events: readonly { readonly id: string; readonly position: number }[];
  /**
   * How many deliveries were enqueued, one for each event and subscriber. 0: the events have no subscriber, and are
   * kept.
   */
  readonly deliveries: number;
}
