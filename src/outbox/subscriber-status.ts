import { IS_ALIVE } from "./alive-workers.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { momentOrNull } from "./moment.js";
import { checkpointOf, hasNoRecord } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** How a subscriber stands: how many of its deliveries are in which state. */
export interface SubscriberStatus {
  readonly subscriber: string;
  readonly application: string;
  /** Nothing of it is begun until it is resumed. */
  readonly isPaused: boolean;
  /** Nothing was made of them yet. */
  readonly waiting: number;
  readonly retrying: number;
  readonly snoozed: number;
  /** Held back because it is paused. */
  readonly paused: number;
  readonly dead: number;
  /** How many of those that wait or are retried are being made, as of its workers' last heartbeats. */
  readonly running: number;
  /** How many were made in the minute before those. */
  readonly deliveredPerMinute: number;
  /** When the oldest event occurred that it still has to get; null when there is none. Dead ones do not count. */
  readonly oldestOpen: Date | null;
  /** How many workers that run have a handler for it. */
  readonly workers: number;
  /** Something waits, and no worker that runs has a handler for it. */
  readonly isOrphaned: boolean;
}

// What has a row and is not done is counted by its index; what has none from the subscription's checkpoint on.
const STATUS = statement(/* sql */ `
with activity as (
  select n.subscriber, pg_catalog.count(*) as workers,
         pg_catalog.sum((w.activity -> n.subscriber ->> 'running'::text)::integer) as running,
         pg_catalog.sum((w.activity -> n.subscriber ->> 'delivered'::text)::integer) as delivered
    from :BUS.workers w cross join lateral pg_catalog.unnest(w.subscribers) n(subscriber)
   where ${IS_ALIVE}
   group by n.subscriber
), counted as (
  select s.id, c.state, c.number, c.first
    from :BUS.subscriptions s cross join lateral (
      select d.state, pg_catalog.count(*) as number, pg_catalog.min(d.position) as first from :BUS.deliveries d
       where d.subscription_id = s.id and d.state <> 'delivered'
         and d.state in ('waiting', 'retrying', 'snoozed', 'paused', 'dead')
       group by d.state
      union all
      select 'waiting', pg_catalog.count(*), pg_catalog.min(e.position) from :BUS.events e
       where e.name = s.event_name and e.position >= ${checkpointOf("s.id")} and s.id = any (e.fanout)
         and ${hasNoRecord("e.position", "s.id")}) c
   where c.number > 0
), of_subscriber as (
  select s.subscriber, s.application, pg_catalog.bool_or(s.paused) as paused, pg_catalog.bool_or(s.ended_at is null) as is_current,
         coalesce(pg_catalog.sum(c.number) filter (where c.state = 'waiting'), 0)::float8 as waiting,
         coalesce(pg_catalog.sum(c.number) filter (where c.state = 'retrying'), 0)::float8 as retrying,
         coalesce(pg_catalog.sum(c.number) filter (where c.state = 'snoozed'), 0)::float8 as snoozed,
         coalesce(pg_catalog.sum(c.number) filter (where c.state = 'paused'), 0)::float8 as held,
         coalesce(pg_catalog.sum(c.number) filter (where c.state = 'dead'), 0)::float8 as dead,
         pg_catalog.min(c.first) filter (where c.state <> 'dead') as first
    from :BUS.subscriptions s left join counted c on c.id = s.id
   group by s.subscriber, s.application
)
select o.subscriber, o.application, o.paused as "isPaused", o.waiting, o.retrying, o.snoozed, o.held as paused, o.dead,
       coalesce(a.running, 0)::float8 as running, coalesce(a.delivered, 0)::float8 as "deliveredPerMinute",
       (select e.occurred_at from :BUS.events e where e.position = o.first) as "oldestOpen",
       coalesce(a.workers, 0)::float8 as workers,
       o.waiting + o.retrying + o.snoozed + o.held > 0::float8 and coalesce(a.workers, 0) = 0 as "isOrphaned"
  from of_subscriber o left join activity a on a.subscriber = o.subscriber
 where o.is_current or o.first is not null or o.dead > 0::float8
 order by o.application, o.subscriber`);

/** How the subscribers of all applications stand. */
export async function subscriberStatus(
  executor: Executor,
  names: SchemaNames,
): Promise<readonly SubscriberStatus[]> {
  const rows = await explained(names, readRows<SubscriberStatus>(executor, STATUS(names)));
  return rows.map((row) => ({ ...row, oldestOpen: momentOrNull(row.oldestOpen) }));
}
