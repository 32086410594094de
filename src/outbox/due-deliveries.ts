import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A delivery that can be made, with what its wake-up carries. */
export interface DueDelivery {
  readonly position: number;
  readonly subscriptionId: number;
  readonly generation: number;
  readonly attempts: number;
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
}

/** Which due deliveries. */
export interface DueFilter {
  readonly subscribers: readonly string[];
  readonly events?: readonly string[];
  /** Due at that time, ISO 8601. Defaults to the clock of the database. */
  readonly at?: string;
}

const DUE = statement(/* sql */ `
select e.position, s.id as subscription_id, coalesce(d.generation, 0) as generation, coalesce(d.attempt, 0) as attempt,
       s.subscriber, e.id::text as event_id, e.name as event_name
  from :BUS.events e
  join :BUS.subscriptions s on s.id = any (e.fanout)
  left join :BUS.deliveries d on d.position = e.position and d.subscription_id = s.id
 where s.subscriber = any ($1::text[])
   and ($2::text[] is null or e.name = any ($2))
   and (d.state is null or d.state in ('retrying', 'snoozed'))
   and coalesce(d.due_at, e.occurred_at + s.delay_ms * interval '1 millisecond')
       <= coalesce($3::text::timestamptz, clock_timestamp())
 order by e.position, s.id`);

interface Row {
  readonly position: bigint | string;
  readonly subscription_id: number;
  readonly generation: number;
  readonly attempt: number;
  readonly subscriber: string;
  readonly event_id: string;
  readonly event_name: string;
}

/** The deliveries that a worker could make now, by position and subscription, as `executor`'s transaction sees them. */
export async function dueDeliveries(
  executor: Executor,
  names: SchemaNames,
  filter: DueFilter,
): Promise<readonly DueDelivery[]> {
  const rows = await explained(
    names,
    executor.query<Row>(DUE(names), [filter.subscribers, filter.events ?? null, filter.at ?? null]),
  );
  return rows.map((row) => ({
    position: Number(row.position),
    subscriptionId: row.subscription_id,
    generation: row.generation,
    attempts: row.attempt,
    subscriber: row.subscriber,
    eventId: row.event_id,
    eventName: row.event_name,
  }));
}
