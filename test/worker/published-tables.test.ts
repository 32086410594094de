import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";

import { discard, erase, pause, prune, redrive, resume, unsubscribe } from "../../src/admin.js";
import { fixed } from "../../src/registry/backoff.js";
import { startPostgres } from "../../src/testing/postgres.js";
import { migrate } from "../../src/worker/migrate.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

// Another server: only one whose log can be decoded lets a slot read what is published.
const server = await startPostgres({ settings: { wal_level: "logical" } });
const url = await server.createDatabase("published");
const pool = new pg.Pool({ connectionString: url });
afterAll(async () => {
  await pool.end();
  await server.stop();
});
const { subscriber, options, start, publish, deliveries, allIn, jobs } = await workerFixture({
  url,
  pool,
  name: "published",
  [Symbol.asyncDispose]: async () => undefined,
});

describe("a publication for all tables", () => {
  it("finds a primary key in each of them, and gets in the way of nothing", async () => {
    const made: number[] = [];
    let fails = true;
    const lean = subscriber("lean", (event) => void made.push(event.aggregate.n), { history: "failures" });
    const full = subscriber(
      "full",
      (event) => {
        if (event.aggregate.n === 1 && fails) throw new Error("no");
      },
      { retry: { maxAttempts: 2, backoff: fixed(1) } },
    );
    await migrate(options([lean, full]));
    await pool.query("create publication everything for all tables");
    await pool.query("select pg_create_logical_replication_slot('reader', 'pgoutput')");
    const { rows } = await pool.query(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname in ('event_bus', 'graphile_worker') and not (
          c.relreplident = 'f' or c.relreplident in ('d', 'i') and exists (
            select from pg_index i where i.indrelid = c.oid
               and case c.relreplident when 'd' then i.indisprimary else i.indisreplident end))`,
    );
    expect(rows).toEqual([]);

    const first = await start([lean, full], { retention: { default: false } });
    await publish(3);
    await allIn("dead", 1);
    await allIn("delivered", 5);
    fails = false;
    expect(await redrive(pool, {})).toMatchObject({ redriven: 1 });
    await allIn("delivered", 6);
    await pause(pool, "full");
    await publish(1);
    await allIn("paused", 1);
    expect(await discard(pool, { state: "paused" }, { reason: "a test" })).toMatchObject({ discarded: 1 });
    await resume(pool, "full");
    fails = true;
    await publish(1);
    await allIn("dead", 1);
    await discard(pool, {}, { reason: "a test" });
    await pool.query(
      `select event_bus.publish(name => 'Ping', aggregate => '{"n": 9}', type => 'Thing', key => '9')`,
    );
    await allIn("delivered", 10);
    expect((await erase(pool, { aggregateType: "Thing", aggregateKey: 9 })).events).toBe(1);
    await eventually(async () => expect(await jobs()).toEqual([]));
    await pool.query("delete from event_bus.maintenance");
    expect(await unsubscribe(pool, "lean")).toEqual(["Ping"]);
    await first.worker.stop();

    expect(await prune(pool, { default: 0 })).toMatchObject({ events: 6 });
    expect(await deliveries()).toEqual([]);
    for (const table of ["events", "deliveries", "delivered"])
      expect((await pool.query(`select from event_bus.${table}`)).rowCount, table).toBe(0);
    expect(first.of("housekeeping:error")).toEqual([]);
    expect(first.of("prune:error")).toEqual([]);
    expect(first.of("recover:start")).toEqual([]);
    const changes = await pool.query(
      "select from pg_logical_slot_get_binary_changes('reader', null, null, 'proto_version', '1', 'publication_names', 'everything')",
    );
    expect(changes.rowCount).toBeGreaterThan(0);
  });
});
