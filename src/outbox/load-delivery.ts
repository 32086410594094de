import type { EventMetadata, StoredEvent } from "../registry/event.js";
import { explained } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { EVENT_COLUMNS, type EventRow, readEvent } from "./stored-event.js";

/** A delivery as it stands when a worker takes it up. */
export interface LoadedDelivery {
  readonly state: DeliveryState;
  /** What a wake-up must carry to be the current one. */
  readonly generation: number;
  /** Attempts that were made. */
  readonly attempts: number;
  /** Its subscriber is paused. */
  readonly isPaused: boolean;
  /** How often it was put on record that processes died with it. */
  readonly deaths: number;
  readonly insertedAt: Date;
  /** What can be said of the event even when it cannot be decoded. */
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly metadata: EventMetadata;
  /** Decodes the event; a function, as it may throw `VALUE_NOT_READABLE`, which counts as a failed attempt. */
  readonly event: () => StoredEvent;
}

const LOAD = statement(/* sql */ `
select ${EVENT_COLUMNS},
       coalesce(d.state, 'waiting') as state, coalesce(d.generation, 0) as generation, coalesce(d.attempt, 0) as attempt,
       coalesce(d.deaths, 0) as deaths,
       exists (select from :BUS.subscriptions s where s.id = $2 and s.paused) as paused
  from :BUS.events e
  left join :BUS.deliveries d on d.position = e.position and d.subscription_id = $2::integer
 where e.position = $1::bigint`);

/** An event with where its delivery stands. */
export interface LoadedRow extends EventRow {
  readonly state: DeliveryState;
  readonly generation: number;
  readonly attempt: number;
  readonly deaths: number;
  readonly paused: boolean;
}

/** Reads an event and where its delivery stands, in one statement. Undefined when the event is gone. */
export async function loadDelivery(
  executor: Executor,
  names: SchemaNames,
  position: number,
  subscriptionId: number,
): Promise<LoadedDelivery | undefined> {
  const [row] = await explained(names, executor.query<LoadedRow>(LOAD(names), [position, subscriptionId]));
  return row === undefined ? undefined : loaded(row);
}

/** What a row says of a delivery. */
export function loaded(row: LoadedRow): LoadedDelivery {
  return {
    state: row.state,
    generation: row.generation,
    attempts: row.attempt,
    isPaused: row.paused,
    deaths: row.deaths,
    insertedAt: row.occurred_at,
    eventId: row.id,
    eventName: row.name,
    aggregateType: row.aggregate_type,
    aggregateKey: row.aggregate_key,
    metadata: row.metadata,
    event: () => readEvent(row),
  };
}
