import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** Where a delivery stands. `waiting`: enqueued, nothing happened to it yet. */
export type DeliveryState = "waiting" | "retrying" | "snoozed" | "delivered" | "cancelled" | "dead";

/** What went wrong in an attempt. */
export interface DeliveryError {
  /** 1 for the first. */
  readonly attempt: number;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The worker that ran it. */
  readonly worker?: string;
}

/** One event for one subscriber. */
export interface Delivery {
  readonly eventId: string;
  readonly position: number;
  readonly eventName: string;
  readonly subscriber: string;
  readonly application: string;
  readonly subscriptionId: number;
  readonly state: DeliveryState;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The failures so far, the oldest first; of more than 20 the first five and the last fifteen. */
  readonly errors: readonly DeliveryError[];
  /** How many failures there were. */
  readonly errorCount: number;
  /** Why it was cancelled; null when it was not. */
  readonly reason: string | null;
  /** When the next attempt is due; null when none is planned, or at once. */
  readonly dueAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A delivery with what is needed to carry it out. */
export interface DeliveryRow extends Delivery {
  readonly generation: number;
}

/** Which deliveries; every condition that is given must hold. */
export interface DeliveryFilter {
  readonly subscriber?: string | readonly string[];
  readonly event?: string | readonly string[];
  readonly eventId?: string;
  readonly position?: number;
  readonly state?: DeliveryState | readonly DeliveryState[];
  /** At most so many, the first ones. Default: all. */
  readonly limit?: number;
  /** The limit keeps the last ones instead. Default: false. */
  readonly last?: boolean;
}

const find = (direction: "asc" | "desc") =>
  statement(/* sql */ `
select e.id::text as event_id, e.position, e.name, s.subscriber, s.application, s.id as subscription_id,
       coalesce(d.state, 'waiting') as state, coalesce(d.generation, 0) as generation,
       coalesce(d.attempt, 0) as attempt, coalesce(d.errors, '[]') as errors,
       coalesce(d.error_count, 0) as error_count, d.reason, d.due_at, d.finished_at
  from :BUS.events e
  join :BUS.subscriptions s on s.id = any (e.fanout)
  left join :BUS.deliveries d on d.position = e.position and d.subscription_id = s.id
 where ($1::text[] is null or s.subscriber = any ($1))
   and ($2::text[] is null or e.name = any ($2))
   and ($3::uuid is null or e.id = $3)
   and ($4::bigint is null or e.position = $4)
   and ($5::text[] is null or coalesce(d.state, 'waiting') = any ($5))
 order by e.position ${direction}, s.id ${direction}
 limit $6::bigint`);
const FIRST = find("asc");
const LAST = find("desc");

interface Row {
  readonly event_id: string;
  readonly position: bigint | string;
  readonly name: string;
  readonly subscriber: string;
  readonly application: string;
  readonly subscription_id: number;
  readonly state: DeliveryState;
  readonly generation: number;
  readonly attempt: number;
  readonly errors: readonly DeliveryError[];
  readonly error_count: number;
  readonly reason: string | null;
  readonly due_at: Date | null;
  readonly finished_at: Date | null;
}

/** The deliveries that fit the filter, by position and subscription. */
export async function findDeliveries(
  executor: Executor,
  names: SchemaNames,
  filter: DeliveryFilter = {},
): Promise<readonly DeliveryRow[]> {
  const list = (value: string | readonly string[] | undefined) =>
    value === undefined ? null : [value].flat();
  const rows = await explained(
    names,
    executor.query<Row>((filter.last === true ? LAST : FIRST)(names), [
      list(filter.subscriber),
      list(filter.event),
      filter.eventId ?? null,
      filter.position ?? null,
      list(filter.state),
      filter.limit ?? null,
    ]),
  );
  const deliveries = rows.map((row) => ({
    eventId: row.event_id,
    position: Number(row.position),
    eventName: row.name,
    subscriber: row.subscriber,
    application: row.application,
    subscriptionId: row.subscription_id,
    state: row.state,
    generation: row.generation,
    attempts: row.attempt,
    errors: row.errors,
    errorCount: row.error_count,
    reason: row.reason,
    dueAt: row.due_at,
    finishedAt: row.finished_at,
  }));
  return filter.last === true ? deliveries.reverse() : deliveries;
}
