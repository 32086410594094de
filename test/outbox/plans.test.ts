import type { Pool } from "pg";
import { beforeAll, describe, expect, it } from "vitest";

import { countMatching } from "../../src/outbox/dead-deliveries.js";
import { dueDeliveries } from "../../src/outbox/due-deliveries.js";
import { branded, type Executor, executorOf } from "../../src/outbox/executor.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { knownNames, knownTypes } from "../../src/outbox/known-names.js";
import { countLost } from "../../src/outbox/lost-deliveries.js";
import { advanceCheckpoints } from "../../src/outbox/maintenance.js";
import { forgetDelivered, oldestEvents, pruneSome } from "../../src/outbox/prune-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { subscriberStatus } from "../../src/outbox/subscriber-status.js";
import { testDatabase } from "../support/database.js";
import { eventually } from "../support/eventually.js";
import { subscribe } from "./steps.js";

const { pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const EVENTS = 50_000;

/**
 * A log of which nearly everything is delivered, to four subscribers: 20 are dead, 10 retried, the last 30 wait. One of them
 * leaves a note for each two that it got, and no rows.
 */
beforeAll(async () => {
  await subscribe(pool, "Often", ["one", "two"]);
  await subscribe(pool, "Rarely", ["three"]);
  await subscribe(pool, "Often", ["lean"]);
  await pool.query(
    `insert into event_bus.events (id, name, aggregate, metadata, fanout)
     select gen_random_uuid(), case when n % 1000 = 0 then 'Rarely' else 'Often' end, '{}',
            jsonb_build_object('correlationId', (n / 5)::text),
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
      where e.position <= $1 and s.id <> 4`,
    [EVENTS - 30],
  );
  await pool.query(
    `insert into event_bus.delivered (subscription_id, lowest, highest, positions)
     select 4, min(e.position), max(e.position), array_agg(e.position order by e.position)
       from event_bus.events e where e.position <= $1 and 4 = any (e.fanout) group by e.position / 2 order by 2`,
    [EVENTS - 30],
  );
  await pool.query(
    "vacuum analyze event_bus.events, event_bus.deliveries, event_bus.delivered, event_bus.subscriptions",
  );
  await eventually(async () => {
    await advanceCheckpoints(executorOf(pool), names, 100_000);
    const { rows } = await pool.query("select min(position)::integer as lowest from event_bus.checkpoints");
    expect(rows[0].lowest).toBeGreaterThan(EVENTS - 1_100);
  });
  await pool.query("analyze event_bus.checkpoints, event_bus.watermark");
});

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

async function rowsRead(
  call: (executor: Executor) => Promise<unknown>,
  on: Pick<Pool, "query"> = pool,
): Promise<number> {
  let rows = 0;
  const explaining = branded(async (sql, values) => {
    const { rows: found } = await on.query(`explain (analyze, format json) ${sql}`, [...values]);
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
    [
      "the last that were delivered",
      (executor) => findDeliveries(executor, names, { state: "delivered", last: true, limit: 50 }),
    ],
    [
      "the first that were delivered",
      (executor) => findDeliveries(executor, names, { state: "delivered", limit: 50 }),
    ],
    [
      "the last of one that leaves notes",
      (executor) =>
        findDeliveries(executor, names, { subscriber: "lean", state: "delivered", last: true, limit: 50 }),
    ],
    ["the last events", (executor) => findEvents(executor, names, { last: true, limit: 50 })],
    [
      "events of a name",
      (executor) => findEvents(executor, names, { event: ["Often", "Rarely"], last: true, limit: 50 }),
    ],
    [
      "events of a name that there is not",
      (executor) => findEvents(executor, names, { event: "Never", last: true, limit: 50 }),
    ],
    [
      "events of a correlation",
      (executor) => findEvents(executor, names, { correlationId: "7", last: true, limit: 50 }),
    ],
    [
      "events of a correlation that there is not",
      (executor) => findEvents(executor, names, { correlationId: "none", event: "Often", limit: 50 }),
    ],
    [
      "events that occurred in the future",
      (executor) => findEvents(executor, names, { since: new Date("2999-01-01"), limit: 50 }),
    ],
    ["whether anything is old", (executor) => oldestEvents(executor, names, ["Never", "Often", "Rarely"])],
  ])("%s are found without reading the log", async (_, call) => {
    expect(await rowsRead(call)).toBeLessThan(EVENTS / 10);
  });

  it("notes of events that are gone are found without reading the others", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("delete from event_bus.events where position <= 5");
      const countsOf = async (): Promise<{ readonly read: number; readonly deleted: number }> =>
        (
          await client.query(
            `select (seq_tup_read + idx_tup_fetch)::integer as read, n_tup_del::integer as deleted
               from pg_stat_xact_user_tables where relname = 'delivered'`,
          )
        ).rows[0];
      // What it has done before is told too, for a moment.
      const before = await countsOf();
      await forgetDelivered(executorOf(client), names, {
        ...{ event: "Often", upTo: 1_000, most: 100, isAborted: () => false },
      });
      const after = await countsOf();
      // Those of 1, of 2 and 3, and of 4 and 5.
      expect(after.deleted - before.deleted).toBe(3);
      expect(after.read - before.read).toBeLessThan(EVENTS / 10);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it.each<[string, (executor: Executor) => Promise<unknown>]>([
    ["the status of subscribers", (executor) => subscriberStatus(executor, names)],
    ["what is due", (executor) => dueDeliveries(executor, names, { subscribers: ["three"] })],
    ["what waits", (executor) => findDeliveries(executor, names, { state: "waiting", subscriber: "three" })],
    ["the first that wait", (executor) => findDeliveries(executor, names, { state: "waiting", limit: 5 })],
    ["what has no job", (executor) => countLost(executor, names, 100)],
    [
      "what is old, of a rare name",
      (executor) =>
        pruneSome(executor, names, { event: "Rarely", ageMs: 1e9, after: 0, most: 1_000 }, { isDry: true }),
    ],
  ])("%s: a rare event whose first delivery waits has nobody read the others", async (_, call) => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("delete from event_bus.deliveries where position = 1000");
      await client.query("update event_bus.checkpoints set position = 1000 where subscription_id = 3");
      expect(await rowsRead(call, client)).toBeLessThan(EVENTS); //ZZ
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("a look for what has no job reads so many events, however many are made behind one that waits", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("delete from event_bus.deliveries where position = 1 and subscription_id = 1");
      await client.query("update event_bus.checkpoints set position = 1 where subscription_id = 1");
      expect(await rowsRead((executor) => countLost(executor, names, 100), client)).toBeLessThan(EVENTS / 10);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("the checkpoint of a rare event is moved without reading the others", async () => {
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("delete from event_bus.deliveries where position = 1000");
      await client.query("update event_bus.checkpoints set position = 1000 where subscription_id = 3");
      const readOf = async (): Promise<number> =>
        (
          await client.query(
            `select (seq_tup_read + idx_tup_fetch)::integer as read from pg_stat_xact_user_tables where relname = 'events'`,
          )
        ).rows[0].read;
      const before = await readOf();
      await advanceCheckpoints(executorOf(client), names, 100_000);
      expect((await readOf()) - before).toBeLessThan(EVENTS / 10);
    } finally {
      await client.query("rollback");
      client.release();
    }
  });

  it("counts true", async () => {
    expect(await subscriberStatus(executorOf(pool), names)).toMatchObject([
      { subscriber: "lean", dead: 0, waiting: 29 },
      { subscriber: "one", dead: 20, waiting: 29 },
      { subscriber: "three", waiting: 1 },
      { subscriber: "two", retrying: 10, waiting: 29 },
    ]);
  });
});
