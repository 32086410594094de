import { decode } from "../codec/decode.js";
import type { EventHints } from "../codec/type-hint.js";
import type { EventMetadata, Operation, StoredEvent } from "../registry/event.js";
import { brandEvent } from "../registry/event-brand.js";
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
 * The event that a row holds, with its values' types, and with `more` in its metadata.
 *
 * @throws EventBusError `VALUE_NOT_READABLE`.
 */
export function readEvent(row: EventRow, more?: EventMetadata): StoredEvent {
  return brandEvent({
    id: row.id,
    position: Number(row.position),
    name: row.name,
    version: row.version,
    aggregateType: row.aggregate_type,
    aggregateKey: row.aggregate_key,
    operation: row.operation,
    sourceSchema: row.source_schema,
    aggregate: decode(row.aggregate, row.types?.aggregate, `${row.name}.aggregate`),
    changes: decode(row.changes, row.types?.changes, `${row.name}.changes`),
    initialData: decode(row.initial_data, row.types?.initialData, `${row.name}.initialData`),
    metadata: more === undefined ? row.metadata : { ...row.metadata, ...more },
    occurredAt: momentOf(row.occurred_at),
  });
}
