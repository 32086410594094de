import { beforeAll, describe, expect, it } from "vitest";

import { countMatching } from "../../src/outbox/dead-deliveries.js";
import { dueDeliveries } from "../../src/outbox/due-deliveries.js";
import { branded, type Executor, executorOf } from "../../src/outbox/executor.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { advanceMarks } from "../../src/outbox/keep-house.js";
import { knownNames, knownTypes } from "../../src/outbox/known-names.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { subscriberStatus } from "../../src/outbox/subscriber-status.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { subscribe } from "./steps.js";

const { pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const EVENTS = 50_000;

/** A log of which nearly everything is delivered, to three subscribers: 20 are dead, 10 retried, the last 30 wait. */
beforeAll(async () => {
  await subscribe(pool, "Often", ["one", "two"]);
  await subscribe(pool, "Rarely", ["three"]);
  await pool.query(
    `insert into event_bus.events (id, name, aggregate, fanout)
     select gen_random_uuid(), case when n % 1000 = 0 then 'Rarely' else 'Often' end, '{}',
            array(select s.id from event_bus.subscriptions s
                   where s.event_name = case when n % 1000 = 0 then 'Rarely' else 'Often' end order by 1)
       from generate_series(1, $1::integer) n`,
    [EVENTS],
  );
  await pool.query(
    `insert into event_bus.deliveries (position, subscription_id, state, generation, attempt, due_at, finished_at)
     select e.position, s.id, case when s.id = 1 and e.position % 2500 = 7 then 'dead'
                                   when s.id = 2 and e.position % 5000 = 9 then 'retrying' else 'delivered' end,
            1, 1, now(), now()
       from event_bus.events e cross join unnest(e.fanout) s(id)
      where e.position <= $1`,
    [EVENTS - 30],
  );
  await pool.query("vacuum analyze event_bus.events, event_bus.deliveries, event_bus.subscriptions");
  await eventually(async () => {
    await advanceMarks(executorOf(pool), names, 100_000);
    const { rows } = await pool.query("select min(position)::integer as lowest from event_bus.marks");
    expect(rows[0].lowest).toBeGreaterThan(EVENTS - 1_100);
  });
  await pool.query("analyze event_bus.marks, event_bus.horizon");
}, 120_000);

interface Plan {
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly Plan[];
}

/** How many rows the steps of a plan have handled, those that they threw away included. */
function rowsOf(plan: Plan): number {
  const each =
    (plan["Actual Rows"] ?? 0) +
    (plan["Rows Removed by Filter"] ?? 0) +
    (plan["Rows Removed by Join Filter"] ?? 0);
  return each * (plan["Actual Loops"] ?? 1) + (plan.Plans ?? []).reduce((sum, one) => sum + rowsOf(one), 0);
}

async function rowsRead(call: (executor: Executor) => Promise<unknown>): Promise<number> {
  let rows = 0;
  const explaining = branded(async (sql, values) => {
    const { rows: found } = await pool.query(`explain (analyze, format json) ${sql}`, [...values]);
    rows += rowsOf(found[0]["QUERY PLAN"][0].Plan);
    return [];
  });
  await call(explaining);
  return rows;
}

describe(`of ${EVENTS} events, with nearly all of their deliveries made`, () => {
  it.each<[string, (executor: Executor) => Promise<unknown>]>([
    ["the status of subscribers", (executor) => subscriberStatus(executor, names)],
    ["what is due", (executor) => dueDeliveries(executor, names, { subscribers: ["one", "two", "three"] })],
    ["dead deliveries", (executor) => findDeliveries(executor, names, { state: "dead" })],
    [
      "the last dead ones",
      (executor) => findDeliveries(executor, names, { state: "dead", last: true, limit: 5 }),
    ],
    ["the number of dead ones", (executor) => countMatching(executor, names, { state: "dead", error: "no" })],
    [
      "what waits or is retried",
      (executor) => findDeliveries(executor, names, { state: ["waiting", "retrying"] }),
    ],
    [
      "what waits for one",
      (executor) => findDeliveries(executor, names, { state: "waiting", subscriber: "three" }),
    ],
    ["the last deliveries", (executor) => findDeliveries(executor, names, { last: true, limit: 50 })],
    [
      "the last ones of a rare event",
      (executor) => findDeliveries(executor, names, { event: "Rarely", last: true, limit: 20 }),
    ],
    [
      "the deliveries of an aggregate",
      (executor) => findDeliveries(executor, names, { aggregateType: "User", aggregateKey: "7" }),
    ],
    ["the types of aggregates", (executor) => knownTypes(executor, names)],
    ["the names of events", (executor) => knownNames(executor, names)],
  ])("%s are found without reading the log", async (_, call) => {
    expect(await rowsRead(call)).toBeLessThan(EVENTS / 10);
  });

  it("counts true", async () => {
    expect(await subscriberStatus(executorOf(pool), names)).toMatchObject([
      { subscriber: "one", dead: 20, waiting: 29 },
      { subscriber: "three", waiting: 1 },
      { subscriber: "two", retrying: 10, waiting: 29 },
    ]);
  });
});
