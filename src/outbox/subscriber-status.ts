import { IS_ALIVE } from "./alive-workers.js";
import { explained } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { momentOrNull } from "./moment.js";
import { checkpointOf, hasNoRecord } from "./open-deliveries.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** A subscriber, and the number of its deliveries in each state. */
export interface SubscriberStatus {
  readonly subscriber: string;
  readonly application: string;
  /** True if the subscriber is paused: no delivery to it is started. */
  readonly isPaused: boolean;
  /** Deliveries without an attempt. */
  readonly waiting: number;
  readonly retrying: number;
  readonly snoozed: number;
  /** Deliveries that wait because the subscriber is paused. */
  readonly paused: number;
  readonly dead: number;
  /** How many of the open deliveries are running, as of the last heartbeats of workers. */
  readonly running: number;
  /** How many deliveries were made in the minute before these heartbeats. */
  readonly deliveredPerMinute: number;
  /** When the oldest event with an open delivery occurred; null if there is none. Dead deliveries do not count. */
  readonly oldestOpen: Date | null;
  /** How many running workers have a handler for it. */
  readonly workers: number;
  /** True if deliveries wait and no running worker has a handler for them. */
  readonly isOrphaned: boolean;
}

// An index counts open deliveries with a row. Those without a row are counted from the subscription's checkpoint on.
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

/** The status of the subscribers of all applications. */
export async function subscriberStatus(
  executor: Executor,
  names: SchemaNames,
): Promise<readonly SubscriberStatus[]> {
  const rows = await explained(names, readRows<SubscriberStatus>(executor, STATUS(names)));
  return rows.map((row) => ({ ...row, oldestOpen: momentOrNull(row.oldestOpen) }));
}
