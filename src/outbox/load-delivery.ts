import type { EventMetadata, StoredEvent } from "../registry/event.js";
import { explained } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import { type Executor, readRows } from "./executor.js";
import { momentOf } from "./moment.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { type EventRow, readEvent } from "./stored-event.js";

/** An event and the state of its delivery, as read when a worker starts the delivery. */
export interface LoadedDelivery {
  readonly state: DeliveryState;
  /** Only a job with this generation is current. */
  readonly generation: number;
  /** The number of attempts so far. */
  readonly attempts: number;
  /** The name of its subscriber; null if the subscription does not exist any more. */
  readonly subscriber: string | null;
  /** Whether the event went to this subscription. If not, there is no such delivery, whatever a job says. */
  readonly isSent: boolean;
  /** Whether its subscriber is paused. */
  readonly isPaused: boolean;
  /** How many times it is recorded that processes died with it. */
  readonly deaths: number;
  /** Whether its handler was started isolated, and no outcome was recorded since. */
  readonly wasIsolated: boolean;
  readonly insertedAt: Date;
  /** This and the next four are known even if the event cannot be decoded. */
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly metadata: EventMetadata;
  /**
   * Decodes the event, and adds `more` to its metadata. It is a function because it can throw `VALUE_NOT_READABLE`, which
   * counts as a failed attempt.
   */
  readonly event: (more?: EventMetadata) => StoredEvent;
}

/** Identifies the delivery to load. */
export interface DeliveryKey {
  readonly position: number;
  readonly subscriptionId: number;
  /**
   * Whether its job was taken before. Then it may have been made already, even if it has no row: some subscribers keep none.
   * Defaults to false.
   */
  readonly isAgain?: boolean;
}

const LOAD = statement(/* sql */ `select * from :BUS.load($1::bigint[], $2::integer[], $3::boolean[])`);

/** An event and the state of its delivery, as columns. */
export interface LoadedRow extends EventRow {
  /** The number of its key, from 1. */
  readonly n: number;
  readonly state: DeliveryState;
  readonly generation: number;
  readonly attempt: number;
  readonly deaths: number;
  readonly isolated: boolean;
  readonly paused: boolean;
  readonly subscriber: string | null;
  readonly sent: boolean;
}

/** Reads events and the states of their deliveries in one statement. Undefined for events that do not exist any more. */
export async function loadDeliveries(
  executor: Executor,
  names: SchemaNames,
  keys: readonly DeliveryKey[],
): Promise<readonly (LoadedDelivery | undefined)[]> {
  const rows = await explained(
    names,
    readRows<LoadedRow>(
      executor,
      LOAD(names),
      [
        keys.map(({ position }) => position),
        keys.map(({ subscriptionId }) => subscriptionId),
        keys.map(({ isAgain = false }) => String(isAgain)),
      ],
      "load",
    ),
  );
  const found = new Map(rows.map((row) => [row.n, row]));
  return keys.map((_, index) => {
    const row = found.get(index + 1);
    return row === undefined ? undefined : readLoaded(row);
  });
}

/** The delivery of a row. */
export function readLoaded(row: LoadedRow): LoadedDelivery {
  return {
    state: row.state,
    generation: row.generation,
    attempts: row.attempt,
    subscriber: row.subscriber,
    isSent: row.sent,
    isPaused: row.paused,
    deaths: row.deaths,
    wasIsolated: row.isolated,
    insertedAt: momentOf(row.occurred_at),
    eventId: row.id,
    eventName: row.name,
    aggregateType: row.aggregate_type,
    aggregateKey: row.aggregate_key,
    metadata: row.metadata,
    event: (more) => readEvent(row, more),
  };
}
