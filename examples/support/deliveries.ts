import type { Pool } from "pg";

import { printTable } from "./table.js";

/** How many deliveries there are, by what became of them. */
export interface DeliveryCounts {
  readonly total: number;
  readonly delivered: number;
  readonly dead: number;
}

/** An event's `fanout` names the subscriptions that it goes to; a delivery has a row once something happened to it. */
const COUNT = `
select (select coalesce(sum(cardinality(fanout)), 0) from event_bus.events)::int as total,
       count(*) filter (where state = 'delivered')::int as delivered,
       count(*) filter (where state = 'dead')::int as dead
  from event_bus.deliveries`;

const EVENTS = `select name, count(*)::int as events from event_bus.events group by name order by name`;

const SUBSCRIBERS = `
select s.subscriber, count(*)::int as deliveries,
       count(*) filter (where d.state = 'delivered')::int as delivered,
       count(*) filter (where d.state in ('retrying', 'snoozed'))::int as waiting,
       count(*) filter (where d.state = 'dead')::int as dead,
       coalesce(sum(jsonb_array_length(d.errors)), 0)::int as failures,
       -- A claim is the worker's name with a number for each run of a handler.
       count(distinct regexp_replace(d.claim, '/[0-9]+$', ''))::int as workers
  from event_bus.events e
  join event_bus.subscriptions s on s.id = any (e.fanout)
  left join event_bus.deliveries d on d.position = e.position and d.subscription_id = s.id
 group by s.subscriber order by s.subscriber`;

/** Counts the deliveries that the events so far lead to. */
export async function countDeliveries(pool: Pool): Promise<DeliveryCounts> {
  const { rows } = await pool.query<DeliveryCounts>(COUNT);
  return rows[0] ?? { total: 0, delivered: 0, dead: 0 };
}

/**
 * Waits until no delivery is open. A handler publishes before its own delivery counts as made, so that nothing can
 * follow after that.
 *
 * @throws when that takes longer than `timeoutMs` from the last change on.
 */
export async function awaitDeliveries(
  pool: Pool,
  options: { readonly timeoutMs: number; readonly intervalMs: number },
  onChange: (counts: DeliveryCounts) => void = () => {},
): Promise<DeliveryCounts> {
  let last: DeliveryCounts | undefined;
  for (let changedAt = Date.now(); ; ) {
    const counts = await countDeliveries(pool);
    if (counts.delivered !== last?.delivered || counts.dead !== last.dead) {
      changedAt = Date.now();
      onChange(counts);
    }
    last = counts;
    const open = counts.total - counts.delivered - counts.dead;
    if (open === 0) return counts;
    if (Date.now() - changedAt > options.timeoutMs) {
      throw new Error(`${open} of ${counts.total} deliveries are still open`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs));
  }
}

/** Prints how many events of each type there are, and what became of each subscriber's deliveries. */
export async function printDeliveries(pool: Pool): Promise<void> {
  const events = await pool.query<Record<string, string | number>>({ text: EVENTS });
  printTable(
    "Events",
    events.fields.map((field) => field.name),
    events.rows.map((row) => Object.values(row)),
  );
  const subscribers = await pool.query<Record<string, string | number>>({ text: SUBSCRIBERS });
  printTable(
    "Deliveries",
    subscribers.fields.map((field) => field.name),
    subscribers.rows.map((row) => Object.values(row)),
  );
}
