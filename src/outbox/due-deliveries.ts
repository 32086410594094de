import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { checkpointOf, hasNoRecord } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A due delivery, with the values that its job carries. */
export interface DueDelivery {
  readonly position: number;
  readonly subscriptionId: number;
  readonly generation: number;
  readonly attempts: number;
  readonly subscriber: string;
  readonly eventId: string;
  readonly eventName: string;
}

/** Selects due deliveries. */
export interface DueFilter {
  readonly subscribers: readonly string[];
  readonly events?: readonly string[];
  /** The time at which they are due, in ISO 8601. Defaults to now, by the clock of the database. */
  readonly at?: string;
}

// An index finds deliveries with a row. Those without a row are searched from the subscription's checkpoint on.
const DUE = statement(/* sql */ `
with wanted as (
  select s.id, s.event_name, s.subscriber, s.delay_ms
    from :BUS.subscriptions s
   where s.subscriber = any ($1::text[]) and ($2::text[] is null or s.event_name = any ($2)) and not s.paused
), due as (
  select d.position, w.id, d.generation, d.attempt, d.due_at
    from wanted w join :BUS.deliveries d on d.subscription_id = w.id
   where d.state in ('waiting', 'retrying', 'snoozed')
  union all
  select f.position, w.id, 0, 0, null
    from wanted w cross join lateral (
      select e.position from :BUS.events e
       where e.name = w.event_name and e.position >= ${checkpointOf("w.id")} and w.id = any (e.fanout)
         and ${hasNoRecord("e.position", "w.id")}) f
)
select e.position, w.id as subscription_id, u.generation, u.attempt, w.subscriber, e.id::text as event_id,
       e.name as event_name
  from due u
  join wanted w on w.id = u.id
  cross join lateral (select * from :BUS.events e where e.position = u.position offset 0) e
 where coalesce(u.due_at, e.occurred_at + w.delay_ms::float8 * interval '1 millisecond')
       <= coalesce($3::text::timestamptz, pg_catalog.clock_timestamp())
 order by e.position, w.id`);

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
    readRows<Row>(executor, DUE(names), [filter.subscribers, filter.events ?? null, filter.at ?? null]),
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
