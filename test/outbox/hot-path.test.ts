import type { Pool, PoolClient } from "pg";
import { expect, it } from "vitest";

import { claimDelivery, committedClaims } from "../../src/outbox/claim-delivery.js";
import { executorOf, ownExecutor } from "../../src/outbox/executor.js";
import { takeJobs } from "../../src/outbox/graphile/take-jobs.js";
import { beat } from "../../src/outbox/heartbeat.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { PLANS_ONCE } from "../../src/worker/connection.js";
import { testDatabase } from "../support/database.js";
import { event, publish, subscribe } from "./steps.js";

const { pool } = await testDatabase();
const names = DEFAULT_SCHEMA_NAMES;
const CALLS = 10;
const STORED = 2_000;

/** What a call reads of its tables, in all the ways there are: publishing, settling and claiming look up single rows. */
it.each<[string, (client: PoolClient, position: number) => Promise<unknown>]>([
  ["publishing one event", (client) => publish(client, [event("Often")])],
  ["publishing two events", (client) => publish(client, [event("Often"), event("Often")])],
  [
    "loading what was claimed",
    (client, position) =>
      loadDeliveries(executorOf(client), names, [{ position, subscriptionId: 1, isAgain: true }]),
  ],
  [
    "settling what was made",
    (client, position) =>
      settleDeliveries(executorOf(client), names, [
        { position, subscriptionId: 1, generation: 0, attempts: 1, state: "delivered" },
      ]),
  ],
  [
    "settling a failure",
    (client, position) =>
      settleDeliveries(executorOf(client), names, [
        { position, subscriptionId: 1, generation: 0, attempts: 1, state: "retrying", dueMs: 1 },
      ]),
  ],
  [
    "claiming",
    (client, position) =>
      claimDelivery(executorOf(client), names, {
        position,
        subscriptionId: 1,
        generation: 0,
        claim: `claim ${position}`,
        limits: undefined,
      }),
  ],
])("%s reads few rows of large tables, although it was planned when they were empty", async (_, call) => {
  await subscribe(pool, "Often", ["one"]);
  await pool.query("truncate event_bus.events, event_bus.deliveries, graphile_worker._private_jobs");
  await pool.query("vacuum analyze event_bus.events, event_bus.deliveries, graphile_worker._private_jobs");
  const client = await pool.connect();
  try {
    // Planned here, for this session.
    for (let n = 1; n <= CALLS; n++) await call(client, n);
    await fill(pool);
    await client.query("begin");
    for (let n = 1; n <= CALLS; n++) await call(client, STORED + 100 + n);
    const tables = await readRows(client);
    expect(tables.size).toBe(3);
    for (const [table, read] of tables) expect(read, table).toBeLessThanOrEqual(2 * CALLS);
    await client.query("rollback");
  } finally {
    client.release();
  }
});

/** Those that workers prepare, on connections of their own. */
it.each<[string, (client: PoolClient, position: number, jobId: string) => Promise<unknown>]>([
  ["taking a job", (client) => takeJobs(prepared(client), names, { workerId: "w", taskIds: [1], most: 1 })],
  [
    "taking two jobs",
    (client) => takeJobs(prepared(client), names, { workerId: "w", taskIds: [1], most: 2 }),
  ],
  [
    "settling what was made, with its job",
    (client, position, jobId) =>
      settleDeliveries(prepared(client), names, [
        { position, subscriptionId: 1, generation: 0, attempts: 1, state: "delivered", claim: "c", jobId },
      ]),
  ],
  [
    "settling without a row, with its job",
    (client, position, jobId) =>
      settleDeliveries(prepared(client), names, [
        {
          ...{ position, subscriptionId: 1, generation: 0, attempts: 1, state: "delivered" },
          ...{ claim: "c", keepsFailuresOnly: true, jobId },
        },
      ]),
  ],
  [
    "confirming a claim, with its job",
    async (client, position, jobId) => {
      const claim = { position, subscriptionId: 1, generation: 0, claim: `c ${position}`, limits: undefined };
      await claimDelivery(prepared(client), names, claim);
      await committedClaims(prepared(client), names, [{ ...claim, jobId }]);
    },
  ],
  [
    "a heartbeat that finds nobody dead",
    (client) =>
      beat(prepared(client), names, {
        ...{ id: "w", name: "w", application: "app", version: "1", host: "here", pid: 1 },
        ...{ deadAfterMs: 60_000, subscribers: [], activity: {} },
      }),
  ],
])("%s reads few rows of large tables, although it was prepared when they were empty", async (_, call) => {
  await subscribe(pool, "Often", ["one"]);
  await pool.query("truncate event_bus.events, event_bus.deliveries, graphile_worker._private_jobs");
  await pool.query("vacuum analyze event_bus.events, event_bus.deliveries, graphile_worker._private_jobs");
  const client = await pool.connect();
  try {
    await client.query(PLANS_ONCE);
    for (let n = 1; n <= CALLS; n++) await call(client, n, String(n));
    await fill(pool);
    const { rows: jobs } = await pool.query<{ id: string }>(
      `update graphile_worker._private_jobs j set priority = -1, task_id = 1
        where id in (select id from graphile_worker._private_jobs order by id desc limit $1) returning id`,
      [2 * CALLS],
    );
    const { rows: events } = await pool.query<{ position: string }>(
      "select position from event_bus.events order by position desc limit $1",
      [CALLS],
    );
    await client.query("begin");
    const before = await readRows(client);
    for (let n = 0; n < CALLS; n++) await call(client, Number(events[n]?.position), jobs[n]?.id ?? "0");
    // Two jobs: each is found and locked; and the first one says with which priority to begin.
    for (const [table, read] of await readRows(client))
      expect(read - (before.get(table) ?? 0), table).toBeLessThanOrEqual(5 * CALLS);
    await client.query("rollback");
  } finally {
    await client.query("reset all");
    client.release(true);
  }
});

/** How many rows the session has read of each table. */
async function readRows(client: PoolClient): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ relname: string; read: number }>(
    `select relname, seq_tup_read::integer + coalesce(idx_tup_fetch, 0)::integer as read
       from pg_stat_xact_user_tables where relname in ('events', 'deliveries', '_private_jobs')`,
  );
  return new Map(rows.map(({ relname, read }) => [relname, read]));
}

function prepared(client: PoolClient) {
  return ownExecutor(client, true);
}

/** Events, deliveries and jobs by others, of which the statistics know nothing yet. */
async function fill(pool: Pool): Promise<void> {
  await pool.query(
    `insert into event_bus.events (id, name, aggregate) select gen_random_uuid(), 'Often', '{}' from generate_series(1, $1::integer)`,
    [STORED],
  );
  await pool.query(
    `insert into event_bus.deliveries (position, subscription_id, state, generation, attempt)
     select n, 9, 'delivered', 1, 1 from generate_series(1, $1::integer) n`,
    [STORED],
  );
  await pool.query(
    `select count(*) from graphile_worker.add_jobs(array(
       select row('other', '{}', null, null, null, 'key ' || n, null, null)::graphile_worker.job_spec
         from generate_series(1, $1::integer) n))`,
    [STORED],
  );
}
