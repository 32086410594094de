import pg from "pg";

import { deliveries } from "../src/admin/deliveries.js";
import { doctor } from "../src/admin/doctor.js";
import { events } from "../src/admin/events.js";
import { prune } from "../src/admin/prune.js";
import { status } from "../src/admin/status.js";
import { executorOf } from "../src/outbox/executor.js";
import type { DeliveryFilter } from "../src/outbox/find-deliveries.js";
import type { EventFilter } from "../src/outbox/find-events.js";
import { advanceCheckpoints, forgetWorkers } from "../src/outbox/maintenance.js";
import { wakeHeld } from "../src/outbox/pause.js";
import { DEFAULT_SCHEMA_NAMES } from "../src/outbox/schema-names.js";
import { synchroniseSubscriptions } from "../src/outbox/subscriptions.js";
import type { Case, Effort } from "./compare.js";
import type { Ratio } from "./ratio.js";

const SIZES = [1_000, 100_000, 1_000_000];
const names = DEFAULT_SCHEMA_NAMES;
const RARE = "Rare";
/** At the end of the log so many deliveries wait, at its beginning so many are dead: however long it is. */
const [WAITING, DEAD] = [30, 20];

/** Listings and housekeeping in a log that grows: what each takes, against the shortest log. */
export async function benchGrowth(url: string, { rounds }: Effort): Promise<readonly Ratio[]> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  try {
    await subscribe(pool);
    const shortest = new Map<string, number>();
    const ratios: Ratio[] = [];
    for (const size of SIZES) {
      await fillUpTo(pool, size);
      for (const [name, work] of Object.entries(casesOf(pool))) {
        const ms = await timeOf(work, rounds);
        const first = shortest.get(name);
        if (first === undefined) shortest.set(name, ms);
        else
          ratios.push({
            what: `${name}: ${size.toLocaleString("en")} events / ${SIZES[0]?.toLocaleString("en")}, now ${ms.toFixed(1)} ms`,
            ratio: ms / first,
            most: 3,
          });
      }
    }
    return ratios;
  } finally {
    await pool.end();
  }
}

/** Calls of a few milliseconds are made until they have taken so long together. */
const LEAST_MS = 300;
const MOST_CALLS = 100;

/** The shortest: what is longer is the machine's, where it takes a few milliseconds. The first call is left out. */
async function timeOf(work: Case, rounds: number): Promise<number> {
  await work();
  const times: number[] = [];
  let spent = 0;
  while (times.length < rounds || (spent < LEAST_MS && times.length < MOST_CALLS)) {
    const startedAt = performance.now();
    await work();
    const ms = performance.now() - startedAt;
    times.push(ms);
    spent += ms;
  }
  return Math.min(...times);
}

function casesOf(pool: pg.Pool): Readonly<Record<string, Case>> {
  const executor = executorOf(pool);
  const listed = (filter: EventFilter) => () => events(pool, { limit: 50, last: true, ...filter });
  const made = (filter: DeliveryFilter) => () => deliveries(pool, { limit: 50, last: true, ...filter });
  const future = new Date(Date.now() + 86_400_000);
  return {
    events: listed({}),
    "events, the first ones": listed({ last: false }),
    "events --event, one of many": listed({ event: "Often" }),
    "events --event, one of few": listed({ event: RARE }),
    "events --event, one of none": listed({ event: "None" }),
    "events --correlation-id": listed({ correlationId: "7" }),
    "events --correlation-id, of none": listed({ correlationId: "none" }),
    "events --aggregate": listed({ aggregateType: "User", aggregateKey: "7" }),
    "events --aggregate, of none": listed({ aggregateType: "None" }),
    "events --operation": listed({ operation: "create" }),
    "events --since, none": listed({ since: future }),
    "events --until, none": listed({ until: new Date(0) }),
    "events --after": () => events(pool, { after: 500, limit: 50 }),
    deliveries: made({}),
    "deliveries, the first ones": made({ last: false }),
    "deliveries --event, one of few": made({ event: RARE }),
    "deliveries --subscriber": made({ subscriber: "full" }),
    "deliveries --subscriber, failures only": made({ subscriber: "lean" }),
    "deliveries --state delivered": made({ state: "delivered" }),
    "deliveries --subscriber --state delivered": made({ subscriber: "full", state: "delivered" }),
    "deliveries --subscriber --state delivered, failures only": made({
      subscriber: "lean",
      state: "delivered",
    }),
    "deliveries --state waiting": made({ state: "waiting" }),
    "deliveries --state retrying": made({ state: "retrying" }),
    dead: made({ state: "dead" }),
    "dead --error": made({ state: "dead", error: "broken" }),
    "dead --error, none": made({ state: "dead", error: "other" }),
    "dead --event, one of none": made({ state: "dead", event: "None" }),
    status: () => status(pool),
    doctor: () => doctor(pool),
    "prune with nothing old": () => prune(pool),
    "prune with five old events": async () => {
      await makeOld(pool, 5);
      await prune(pool);
    },
    "housekeeping of every two seconds": async () => {
      await wakeHeld(executor, names, 1_000);
      await advanceCheckpoints(executor, names);
      await forgetWorkers(executor, names);
    },
  };
}

async function subscribe(pool: pg.Pool): Promise<void> {
  const one = { priority: 0, delayMs: 0, policy: {} };
  await synchroniseSubscriptions(executorOf(pool), names, "bench", [
    { ...one, event: "Often", subscriber: "full" },
    { ...one, event: "Often", subscriber: "lean" },
    { ...one, event: RARE, subscriber: "full" },
  ]);
}

/** The log up to an event, all of it delivered but for the same few as ever. */
async function fillUpTo(pool: pg.Pool, size: number): Promise<void> {
  await pool.query(
    `insert into event_bus.events (id, name, aggregate_type, aggregate_key, operation, aggregate, metadata, fanout)
     select gen_random_uuid(), n.name, 'User', (n.n % 1000)::text, case when n.n % 2 = 0 then 'create' else 'update' end,
            jsonb_build_object('id', n.n), jsonb_build_object('correlationId', (n.n / 5)::text),
            array(select s.id from event_bus.subscriptions s where s.event_name = n.name order by 1)
       from (select n, case when n <= 1000 and n % 50 = 0 then '${RARE}' else 'Often' end as name
               from generate_series((select count(*) from event_bus.events) + 1, $1::integer) n) n`,
    [size],
  );
  await pool.query(
    `insert into event_bus.deliveries (position, subscription_id, state, generation, attempt, errors, error_count, finished_at)
     select e.position, s.id, x.state, 1, 1,
            case when x.state = 'dead' then '[{"attempt": 1, "name": "Error", "message": "It is broken."}]'::jsonb else '[]' end,
            (x.state = 'dead')::integer, now()
       from event_bus.events e
      cross join lateral unnest(e.fanout) f(id)
       join event_bus.subscriptions s on s.id = f.id and s.subscriber = 'full'
      cross join lateral (select case when e.position <= ${DEAD} then 'dead'
                                      when e.position between 41 and 60 then 'retrying' else 'delivered' end as state) x
      where e.position <= $1::integer - ${WAITING}
     on conflict do nothing`,
    [size],
  );
  await pool.query(
    `insert into event_bus.delivered (subscription_id, lowest, highest, positions)
     select s.id, min(e.position), max(e.position), array_agg(e.position order by e.position)
       from event_bus.subscriptions s join event_bus.events e on s.id = any (e.fanout)
      where s.subscriber = 'lean' and e.position <= $1::integer - ${WAITING}
        and e.position > coalesce((select max(x.highest) from event_bus.delivered x), 0)
      group by s.id, e.position / 2 order by 2`,
    [size],
  );
  await pool.query("vacuum analyze event_bus.events, event_bus.deliveries, event_bus.delivered");
  // What is new to them is looked at by and by, as a worker does it.
  for (let seen = 0; seen <= size; seen += 50_000) await advanceCheckpoints(executorOf(pool), names);
}

async function makeOld(pool: pg.Pool, count: number): Promise<void> {
  await pool.query(
    `update event_bus.events set occurred_at = now() - interval '30 days'
      where position in (select position from event_bus.events where position > 100 order by position limit $1)`,
    [count],
  );
}
