import { PLAIN } from "./subscribers.js";

type Admin = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** Deliveries that are not made. */
const OPEN = `
select e.position, s.id, d.state from event_bus.events e
 cross join lateral unnest(e.fanout) as s(id)
  left join event_bus.deliveries d on d.position = e.position and d.subscription_id = s.id
 where d.state is distinct from 'delivered'`;

export async function countOpen(admin: Admin): Promise<{ readonly open: number; readonly dead: number }> {
  const [row] = await admin<{ open: number; dead: number }>(
    `select count(*)::int as open, count(*) filter (where state = 'dead')::int as dead from (${OPEN}) o`,
  );
  return row ?? { open: 0, dead: 0 };
}

// Each finds what must not be. What has committed is in the tables of the application, which nothing but its
// transactions write.
const QUESTIONS: Readonly<Record<string, string>> = {
  "rows that committed without their event": `
    select u.email from users u left join event_bus.events e on e.name = 'UserCreated' and e.aggregate_key = u.id::text
     where e.position is null`,
  "events of rows that are not there": `
    select e.aggregate_key from event_bus.events e left join users u on u.id::text = e.aggregate_key
     where e.name = 'UserCreated' and u.id is null`,
  "rows with two events": `
    select aggregate_key from event_bus.events where name = 'UserCreated' group by aggregate_key having count(*) > 1`,
  "anything of a transaction that was rolled back": `
    select position::text from event_bus.events where aggregate::text like '%undone-%'
    union all select email from users where email like 'undone-%'`,
  "transactions of which a part is missing": `
    select email from users where email like 'ticked-%' and not exists (
      select from event_bus.events where name = 'Ticked' and aggregate->>'mark' = email)
    union all
    select aggregate->>'mark' from event_bus.events where name = 'Ticked' and aggregate->>'mark' like 'ticked-%'
       and not exists (select from users where email = aggregate->>'mark')`,
  "counts that differ from the number of their events": `
    select p.sku from "Product" p
     where p.stock <> (select count(*) from event_bus.events e where e.name = 'StockChanged' and e.aggregate_key = p.sku)`,
  "changes that do not follow one another": `
    select sku from (
      select aggregate_key as sku, (changes->>'stock')::int as now, row_number() over
             (partition by aggregate_key order by position) as n from event_bus.events where name = 'StockChanged') s
     where now <> n`,
  "deliveries that are not made": OPEN,
  "events that a subscriber never received": `
    select e.position, s.subscriber from event_bus.events e
     cross join unnest(array['${PLAIN.join("', '")}']) as s(subscriber)
      left join seen on seen.position = e.position and seen.subscriber = s.subscriber
     where seen.position is null`,
  "deliveries of events that are not there": `
    select position from seen where not exists (select from event_bus.events e where e.position = seen.position)`,
  "events without their effect, or with two": `
    select e.position, count(f.*) as effects from event_bus.events e left join effects f on f.position = e.position
     group by e.position having count(f.*) <> 1`,
  "effects of events that are not there": `
    select position from effects where not exists (select from event_bus.events e where e.position = effects.position)`,
  "counters that are not exact": `
    select id, n from counters
     where n <> (select count(*) from event_bus.events e where e.position % (select count(*) from counters) = counters.id)`,
  "events that a handler did not publish exactly once": `
    select e.id, count(echo.*) as echoes from event_bus.events e
      left join event_bus.events echo on echo.name = 'Ticked' and echo.aggregate->>'mark' = 'echo-' || e.id
     where e.name = 'UserCreated' and e.position % 10 = 0 group by e.id having count(echo.*) <> 1`,
  "jobs that are left": "select id from graphile_worker.jobs",
};

/** Everything that is wrong in the database. Empty when every promise is kept. */
export async function findViolations(admin: Admin): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [what, question] of Object.entries(QUESTIONS)) {
    const rows = await admin(question);
    if (rows.length > 0) found.push(`${rows.length} ${what}: ${JSON.stringify(rows.slice(0, 3))}`);
  }
  return found;
}

interface Counts {
  readonly events: number;
  readonly deliveries: number;
  readonly repeated: number;
  readonly effects: number;
  readonly repeatedEffects: number;
}

export async function countAll(admin: Admin): Promise<Counts> {
  const [row] = await admin<Counts>(`
    select (select count(*)::int from event_bus.events) as events,
           (select count(*)::int from seen) as deliveries,
           (select count(*)::int from seen)
             - (select count(*)::int from (select distinct position, subscriber from seen) d) as repeated,
           (select count(*)::int from effects) as effects,
           (select count(*)::int - count(distinct position)::int from effects) as "repeatedEffects"`);
  return row ?? { events: 0, deliveries: 0, repeated: 0, effects: 0, repeatedEffects: 0 };
}

/** When each event occurred and when the last of its subscribers first received it, in milliseconds since 1970. */
export async function deliveryTimes(
  admin: Admin,
): Promise<readonly { readonly occurredAt: number; readonly receivedAt: number }[]> {
  return admin(`
    select extract(epoch from e.occurred_at)::float8 * 1000 as "occurredAt",
           extract(epoch from max(f.first))::float8 * 1000 as "receivedAt"
      from event_bus.events e
      join (select position, min(at) as first from seen group by position, subscriber
             union all select position, at from effects) f on f.position = e.position
     group by e.position, e.occurred_at`);
}

/** The longest time without any delivery between two moments, in milliseconds. */
export async function longestSilence(admin: Admin, from: Date, to: Date): Promise<number> {
  const [row] = await admin<{ ms: number | null }>(
    `select extract(epoch from max(gap))::float8 * 1000 as ms from (
       select at - lag(at, 1, $1::timestamptz) over (order by at) as gap
         from (select at from seen union all select at from effects union all select $2::timestamptz) a
        where at between $1::timestamptz and $2::timestamptz) g`,
    [from.toISOString(), to.toISOString()],
  );
  return row?.ms ?? 0;
}
