import type { EventMetadata, StoredEvent } from "../registry/event.js";
import { explained } from "./database-error.js";
import type { DeliveryState } from "./delivery-state.js";
import { type Executor, readRows } from "./executor.js";
import { momentOf } from "./moment.js";
import { type SchemaNames, statement } from "./schema-names.js";
import { type EventRow, readEvent } from "./stored-event.js";

/** A delivery as it stands when a worker takes it up. */
export interface LoadedDelivery {
  readonly state: DeliveryState;
  /** What a wake-up must carry to be the current one. */
  readonly generation: number;
  /** Attempts that were made. */
  readonly attempts: number;
  /** Whose it is; null when nobody is subscribed any more. */
  readonly subscriber: string | null;
  /** The event went to this subscription. Nothing is delivered to another one, whoever asks for it. */
  readonly isSent: boolean;
  /** Its subscriber is paused. */
  readonly isPaused: boolean;
  /** How often it was put on record that processes died with it. */
  readonly deaths: number;
  /** Its handler was called alone in a process, and since then there was no outcome. */
  readonly wasIsolated: boolean;
  readonly insertedAt: Date;
  /** What can be said of the event even when it cannot be decoded. */
  readonly eventId: string;
  readonly eventName: string;
  readonly aggregateType: string | null;
  readonly aggregateKey: string | null;
  readonly metadata: EventMetadata;
  /**
   * Decodes the event, with what is given added to its metadata; a function, as it may throw `VALUE_NOT_READABLE`, which
   * counts as a failed attempt.
   */
  readonly event: (more?: EventMetadata) => StoredEvent;
}

/** Which delivery is loaded. */
export interface DeliveryKey {
  readonly position: number;
  readonly subscriptionId: number;
  /** It was taken up before: it may have been made, by a subscriber that keeps no row of that. Defaults to false. */
  readonly isAgain?: boolean;
}

const LOAD = statement(/* sql */ `select * from :BUS.load($1::bigint[], $2::integer[], $3::boolean[])`);

/** An event with where its delivery stands. */
export interface LoadedRow extends EventRow {
  /** Of which key it is, from 1. */
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

/** Reads events and where their deliveries stand, in one statement. Undefined for events that are gone. */
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

/** What a row says of a delivery. */
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
