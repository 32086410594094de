import type { Pool, PoolClient } from "pg";
import { expect, it } from "vitest";

import { claimDelivery } from "../../src/outbox/claim-delivery.js";
import { executorOf } from "../../src/outbox/executor.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
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
    const { rows } = await client.query(
      `select relname, seq_tup_read::integer + coalesce(idx_tup_fetch, 0)::integer as read
         from pg_stat_xact_user_tables
        where relname in ('events', 'deliveries', '_private_jobs')`,
    );
    expect(rows).toHaveLength(3);
    for (const { relname, read } of rows) expect(read, relname).toBeLessThanOrEqual(2 * CALLS);
    await client.query("rollback");
  } finally {
    client.release();
  }
});

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
