import { explained } from "./database-error.js";
import type { Executor } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** How many deliveries of a subscriber are in which state. */
export interface DeliveryCounts {
  readonly subscriber: string;
  readonly application: string;
  readonly waiting: number;
  readonly retrying: number;
  readonly snoozed: number;
  readonly delivered: number;
  readonly cancelled: number;
  readonly dead: number;
  /** When the oldest event occurred that is neither delivered nor cancelled nor dead; null when there is none. */
  readonly oldestOpen: Date | null;
}

const COUNT = statement(/* sql */ `
with counted as (
  select f.id, coalesce(d.state, 'waiting') as state, count(*) as number, min(e.occurred_at) as oldest
    from :BUS.events e
   cross join lateral unnest(e.fanout) as f(id)
    left join :BUS.deliveries d on d.position = e.position and d.subscription_id = f.id
   group by 1, 2
)
select s.subscriber, s.application,
       coalesce(sum(c.number) filter (where c.state = 'waiting'), 0)::float8 as waiting,
       coalesce(sum(c.number) filter (where c.state = 'retrying'), 0)::float8 as retrying,
       coalesce(sum(c.number) filter (where c.state = 'snoozed'), 0)::float8 as snoozed,
       coalesce(sum(c.number) filter (where c.state = 'delivered'), 0)::float8 as delivered,
       coalesce(sum(c.number) filter (where c.state = 'cancelled'), 0)::float8 as cancelled,
       coalesce(sum(c.number) filter (where c.state = 'dead'), 0)::float8 as dead,
       min(c.oldest) filter (where c.state in ('waiting', 'retrying', 'snoozed')) as "oldestOpen"
  from :BUS.subscriptions s left join counted c on c.id = s.id
 group by s.subscriber, s.application
having bool_or(s.ended_at is null) or count(c.id) > 0
 order by s.application, s.subscriber`);

/** Counts every delivery that there is: reads the whole log. */
export function countDeliveries(executor: Executor, names: SchemaNames): Promise<readonly DeliveryCounts[]> {
  return explained(names, executor.query<DeliveryCounts>(COUNT(names)));
}
