import { decode } from "../codec/decode.js";
import type { EventHints } from "../codec/type-hint.js";
import { type EventBusError, isEventBusError } from "../errors.js";
import { brandEvent } from "../registry/draft-event.js";
import type { EventMetadata, Operation, StoredEvent } from "../registry/event.js";
import { momentOf } from "./moment.js";

/** The columns that {@link readEvent} needs, of an alias `e` of the events table. */
export const EVENT_COLUMNS = /* sql */ `e.position, e.id::text as id, e.name, e.version, e.aggregate_type, e.aggregate_key,
       e.operation, e.source_schema, e.aggregate, e.changes, e.initial_data, e.metadata, e.types, e.occurred_at`;

/** A row with {@link EVENT_COLUMNS}. */
export interface EventRow {
  readonly position: bigint | string;
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly aggregate_type: string | null;
  readonly aggregate_key: string | null;
  readonly operation: Operation;
  readonly source_schema: string | null;
  readonly aggregate: unknown;
  readonly changes: unknown;
  readonly initial_data: unknown;
  readonly metadata: EventMetadata;
  readonly types: EventHints | null;
  readonly occurred_at: Date | string;
}

/**
 * The event of a row, with typed values, and with `more` added to its metadata.
 *
 * @throws EventBusError `VALUE_NOT_READABLE`.
 */
export function readEvent(row: EventRow, more?: EventMetadata): StoredEvent {
  const event = eventOf(row, (part) => decodePart(row, part));
  return brandEvent(more === undefined ? event : { ...event, metadata: { ...event.metadata, ...more } });
}

/** An event in a listing. An event that cannot be read must not hide the others. */
export type ListedEvent<E extends StoredEvent = StoredEvent> = E & {
  /**
   * `VALUE_NOT_READABLE`: a value does not fit its type hint, which a program that writes SQL can cause. The part of the event that
   * has it (`aggregate`, `changes` or `initialData`) is the stored JSON. `isEvent()` returns false for the event, and its
   * deliveries fail. Absent if the whole event can be read.
   */
  readonly error?: EventBusError;
};

/** Like {@link readEvent}, but never throws. */
export function listEvent(row: EventRow): ListedEvent {
  let failure: EventBusError | undefined;
  const event = eventOf(row, (part) => {
    try {
      return decodePart(row, part);
    } catch (error) {
      if (!isEventBusError(error)) throw error;
      failure ??= error;
      return row[COLUMN_OF[part]];
    }
  });
  return failure === undefined ? brandEvent(event) : { ...event, error: failure };
}

const COLUMN_OF = { aggregate: "aggregate", changes: "changes", initialData: "initial_data" } as const;
type Part = keyof typeof COLUMN_OF;

function decodePart(row: EventRow, part: Part): unknown {
  return decode(row[COLUMN_OF[part]], row.types?.[part], `${row.name}.${part}`);
}

function eventOf(row: EventRow, read: (part: Part) => unknown): StoredEvent {
  return {
    id: row.id,
    position: Number(row.position),
    name: row.name,
    version: row.version,
    aggregateType: row.aggregate_type,
    aggregateKey: row.aggregate_key,
    operation: row.operation,
    sourceSchema: row.source_schema,
    aggregate: read("aggregate"),
    changes: read("changes"),
    initialData: read("initialData"),
    metadata: row.metadata,
    occurredAt: momentOf(row.occurred_at),
  };
}
