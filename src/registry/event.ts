/** What happened to the aggregate. `publish`: the event was published by hand, not captured from a mutation. */
export type Operation = "create" | "update" | "delete" | "publish";

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Who and why. The named keys are used by the package; any other key is the caller's own.
 * Values are plain JSON.
 */
export interface EventMetadata {
  /** Who did it, in the application's own terms. */
  readonly actor?: Json;
  /** For whom, where several customers share the database. */
  readonly tenant?: Json;
  /** The same for everything that one request led to, however long the chain. Set by the package when absent. */
  readonly correlationId?: string;
  /** The id of the event whose handler did this. Set by the package inside of handlers. */
  readonly causationId?: string;
  /**
   * The same for all events of one call. Set by the package where a call can lead to several: nested writes, and what
   * PostgreSQL deletes or changes along with a row.
   */
  readonly mutationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  readonly [key: string]: Json | undefined;
}

/** What every event has, before it is stored and after. */
export interface AnyEvent<
  Name extends string = string,
  Aggregate = unknown,
  Changes = unknown,
  InitialData = unknown,
> {
  /** UUID v7, given when the event is made. */
  readonly id: string;
  readonly name: Name;
  /** Version of the event's shape, 1 unless its definition says otherwise. */
  readonly version: number;
  /** The model's name for events of a model; otherwise what the publisher said, or null. */
  readonly aggregateType: string | null;
  /** The primary key as text; for a compound key a JSON array of texts. Null when the event has none. */
  readonly aggregateKey: string | null;
  readonly operation: Operation;
  /** The row after the mutation; for a delete, the row that went. */
  readonly aggregate: Aggregate;
  /** Only the fields that changed, with their new values. */
  readonly changes: Changes;
  /** The same fields, with their old values. */
  readonly initialData: InitialData;
  readonly metadata: EventMetadata;
}

/** An event as the database has it. */
export interface StoredEvent<
  Name extends string = string,
  Aggregate = unknown,
  Changes = unknown,
  InitialData = unknown,
> extends AnyEvent<Name, Aggregate, Changes, InitialData> {
  /** Its place in the log. Safe as a number up to 2^53. */
  readonly position: number;
  /** By the clock of the database. */
  readonly occurredAt: Date;
  /** The PostgreSQL schema of the aggregate's table; null for events published by hand. */
  readonly sourceSchema: string | null;
}

/** What publishing stored and enqueued. */
export interface PublishResult {
  /** The events, in the order in which they were given. */
  readonly events: readonly { readonly id: string; readonly position: number }[];
  /**
   * How many deliveries were enqueued, one for each event and subscriber. 0: nobody subscribes; the events
   * are kept.
   */
  readonly deliveries: number;
}
