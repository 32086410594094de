import { beforeEach, describe, expect, it } from "vitest";

import { encodeEvents, encodeTogether } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { publishEvents, storeEvents } from "../../src/outbox/publish-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { synchroniseSubscriptions, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { empty, event, type Job, jobs, publish, subscribe, subscription, tasks } from "./steps.js";

const { pool } = await testDatabase();
const bus = executorOf(pool);
beforeEach(() => empty(pool));

const events = () => findEvents(bus, DEFAULT_SCHEMA_NAMES);

describe("event_bus.publish of many events", () => {
  it("takes what they share once", async () => {
    await subscribe(pool, "OrderPaid", ["one"]);
    const shared = {
      ...{ name: "OrderPaid", version: 2, aggregateType: "Order", operation: "update", sourceSchema: "shop" },
      ...{ types: { aggregate: { at: "datetime" } }, metadata: { actor: "sql" } },
    };
    const at = "2026-01-01T00:00:00.000Z";
    const own = [
      { aggregate: { at }, aggregateKey: "1" },
      {
        aggregate: null,
        name: "Other",
        version: 3,
        aggregateType: "Else",
        operation: "delete",
        metadata: {},
        types: {},
      },
    ];
    const { rows } = await pool.query(
      "select position::integer, deliveries from event_bus.publish($1::jsonb)",
      [JSON.stringify({ shared, events: own })],
    );
    expect(rows).toEqual([
      { position: 1, deliveries: 1 },
      { position: 2, deliveries: 0 },
    ]);
    expect(await events()).toMatchObject([
      {
        ...{ name: "OrderPaid", version: 2, aggregateType: "Order", aggregateKey: "1", operation: "update" },
        ...{ sourceSchema: "shop", aggregate: { at: new Date(at) }, metadata: { actor: "sql" } },
      },
      {
        ...{ name: "Other", version: 3, aggregateType: "Else", aggregateKey: null, operation: "delete" },
        ...{ sourceSchema: "shop", aggregate: null, metadata: {} },
      },
    ]);
    expect(await tasks(pool)).toEqual(["event_bus:one"]);
  });

  it("needs nothing to be shared, and takes one event in that way too", async () => {
    const { rows } = await pool.query("select deliveries from event_bus.publish($1::jsonb)", [
      JSON.stringify({ events: [{ name: "OrderPaid", aggregate: { id: 1 } }] }),
    ]);
    expect(rows).toEqual([{ deliveries: 0 }]);
    expect(await events()).toMatchObject([
      {
        name: "OrderPaid",
        version: 1,
        operation: "publish",
        aggregate: { id: 1 },
        changes: {},
        metadata: {},
      },
    ]);
  });

  it("stores the same whether what is shared is said once or with each", async () => {
    const of = (name: string, parts: object = {}) =>
      event(name, {
        aggregateType: "Order",
        aggregateKey: "1",
        metadata: META,
        aggregate: { n: 1n },
        ...parts,
      });
    const lists = [
      [of("A"), of("A", { changes: { n: 2n }, initialData: { n: 1n } })],
      [of("A"), of("B", { version: 2, aggregateType: null, aggregateKey: null })],
      [
        of("A", { aggregate: {} }),
        of("A", { metadata: { other: true }, operation: "delete" }),
        of("A", { aggregate: null }),
      ],
      [of("A")],
      [of("A", { aggregate: { n: 1 } }), of("A", { aggregate: { n: 2 } })],
    ];
    for (const list of lists) {
      const options = {
        maxEventBytes: 1_000,
        sourceSchemas: list.map((_, index) => (index === 1 ? null : "public")),
      };
      await empty(pool);
      await storeEvents(bus, DEFAULT_SCHEMA_NAMES, encodeTogether(list, options));
      const together = await events();
      await empty(pool);
      await publishEvents(bus, DEFAULT_SCHEMA_NAMES, encodeEvents(list, options));
      const withTime = (await events()).map((one) => ({ ...one, occurredAt: expect.any(Date) }));
      expect(together).toEqual(withTime);
      expect(together).toHaveLength(list.length);
    }
  });

  it("counts what is shared to the size of each", () => {
    const big = event("A", { metadata: { text: "x".repeat(600) }, aggregate: { text: "y".repeat(500) } });
    const options = { maxEventBytes: 1_000, sourceSchemas: [null, null] };
    expect(() => encodeTogether([big, big], options)).toThrow("expected at most 1000");
    expect(() => encodeTogether([event("A"), event("A")], options)).not.toThrow();
  });
});

const META = { actor: "me" };

describe("event_bus.publish by named arguments", () => {
  it("needs a name and an aggregate, and fills in the rest", async () => {
    const { rows } = await pool.query(
      `select id, position::integer, deliveries, txid_current() as xid
         from event_bus.publish(name => 'OrderPaid', aggregate => '{"id": 7}')`,
    );
    expect(rows).toMatchObject([{ position: 1, deliveries: 0 }]);
    expect(await events()).toEqual([
      {
        ...event("OrderPaid", { id: rows[0].id, aggregate: { id: 7 } }),
        position: 1,
        sourceSchema: null,
        occurredAt: expect.any(Date),
      },
    ]);
    const stored = await pool.query("select types, fanout, xid::text from event_bus.events");
    expect(stored.rows).toEqual([{ types: null, fanout: [], xid: rows[0].xid }]);
  });

  it("takes every part of an event", async () => {
    await pool.query(
      `select event_bus.publish(
         id => '0190163d-8694-739b-aea5-966c26f8ad91', name => 'OrderPaid', version => 3, type => 'Order', key => '7',
         aggregate => '{"id": "7"}', changes => '{"total": "2"}', initial_data => '{"total": "0"}',
         types => '{"aggregate": {"id": "bigint"}, "changes": {"total": "bigint"}, "initialData": {"total": "bigint"}}',
         metadata => '{"actor": "psql"}')`,
    );
    expect(await events()).toEqual([
      {
        ...event("OrderPaid", {
          id: "0190163d-8694-739b-aea5-966c26f8ad91",
          version: 3,
          aggregateType: "Order",
          aggregateKey: "7",
          aggregate: { id: 7n },
          changes: { total: 2n },
          initialData: { total: 0n },
          metadata: { actor: "psql" },
        }),
        position: 1,
        sourceSchema: null,
        occurredAt: expect.any(Date),
      },
    ]);
  });

  it("takes null for what may be left out", async () => {
    await pool.query(
      `select event_bus.publish(name => 'OrderPaid', aggregate => '{}', key => null, type => null, metadata => null,
         changes => null, initial_data => null, types => null, version => null, id => null)`,
    );
    const { rows } = await pool.query(
      "select version, metadata, changes, initial_data, types from event_bus.events",
    );
    expect(rows).toEqual([{ version: 1, metadata: {}, changes: {}, initial_data: {}, types: null }]);
  });

  it.each([
    ["a name", "event_bus.publish(aggregate => '{}')", "42883"],
    ["an aggregate", "event_bus.publish(name => 'OrderPaid')", "42883"],
    ["a name that is not null", "event_bus.publish(name => null, aggregate => '{}')", "23502"],
  ])("refuses an event without %s", async (_, call, code) => {
    await expect(pool.query(`select ${call}`)).rejects.toMatchObject({ code });
    expect(await events()).toEqual([]);
  });
});

describe("event_bus.publish of JSON", () => {
  it("gives events positions in the order in which they come", async () => {
    const list = Array.from({ length: 200 }, (_, index) =>
      event("E", { aggregate: { index: (index * 37) % 200 } }),
    );
    const { events: published, deliveries } = await publish(pool, list);
    expect(deliveries).toBe(0);
    expect(published.map(({ id }) => id)).toEqual(list.map(({ id }) => id));
    expect(published.map(({ position }) => position)).toEqual(list.map((_, index) => index + 1));
    expect((await events()).map(({ id }) => id)).toEqual(list.map(({ id }) => id));
  });

  it("gives events without an id a UUID of version 7", async () => {
    const { rows } = await pool.query<{ id: string; now: Date }>(
      `select id, clock_timestamp() as now from event_bus.publish(
         (select jsonb_agg(jsonb_build_object('name', 'E', 'aggregate', n)) from generate_series(1, 100) n))`,
    );
    expect(new Set(rows.map(({ id }) => id)).size).toBe(100);
    for (const { id, now } of rows) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const milliseconds = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
      expect(Math.abs(now.getTime() - milliseconds)).toBeLessThan(10_000);
    }
  });

  it.each([
    ["a name", '[{"aggregate": {}}]', "23502"],
    ["an aggregate", '[{"name": "E"}]', "23502"],
    ["a known operation", '[{"name": "E", "aggregate": {}, "operation": "upsert"}]', "23514"],
    ["an id that is one", '[{"name": "E", "aggregate": {}, "id": "7"}]', "22P02"],
    ["a list around it", '{"name": "E", "aggregate": {}}', "22023"],
  ])("refuses an event without %s, and all that come with it", async (_, json, code) => {
    await subscribe(pool, "E", ["one"]);
    const good = json.replace(/^\[/, '[{"name": "E", "aggregate": {}}, ');
    await expect(pool.query("select event_bus.publish($1::jsonb)", [good])).rejects.toMatchObject({ code });
    expect([await events(), await jobs(pool)]).toEqual([[], []]);
  });

  it("takes null for what may be left out", async () => {
    await pool.query(
      `select event_bus.publish('[{"id": null, "name": "E", "version": null, "aggregate": {}, "aggregateType": null,
         "aggregateKey": null, "operation": null, "sourceSchema": null, "changes": null, "initialData": null,
         "metadata": null, "types": null}]'::jsonb)`,
    );
    const { rows } = await pool.query(
      "select version, operation, metadata, changes, initial_data, types from event_bus.events",
    );
    expect(rows).toEqual([
      { version: 1, operation: "publish", metadata: {}, changes: {}, initial_data: {}, types: null },
    ]);
  });

  it("stores nothing for an empty list", async () => {
    const { rows } = await pool.query("select * from event_bus.publish('[]')");
    expect([rows, await events()]).toEqual([[], []]);
    expect(await publish(pool, [])).toEqual({ events: [], deliveries: 0 });
  });
});

const CALLS = `select funcname as name, calls::integer from pg_stat_xact_user_functions
  where schemaname in ('event_bus', 'graphile_worker')`;

describe("event_bus.publish", () => {
  it("adds one job for each event and active subscription", async () => {
    await subscribe(pool, "A", ["one", "two"]);
    await subscribe(pool, "B", ["two"]);
    const { rows: ids } = await pool.query("select id from event_bus.subscriptions order by id");
    const [a1, a2, b2] = ids.map(({ id }) => id);
    const { deliveries } = await publish(pool, [event("A"), event("B"), event("C"), event("A")]);
    expect(deliveries).toBe(5);
    const byDelivery = (a: Job, b: Job) => a.payload.p - b.payload.p || a.payload.s - b.payload.s;
    expect((await jobs(pool)).toSorted(byDelivery)).toMatchObject([
      {
        task: "event_bus:one",
        payload: { p: 1, s: a1, g: 0, a: 0 },
        priority: 0,
        queue: null,
        maxAttempts: 32_767,
      },
      { task: "event_bus:two", payload: { p: 1, s: a2, g: 0, a: 0 } },
      { task: "event_bus:two", payload: { p: 2, s: b2, g: 0, a: 0 } },
      { task: "event_bus:one", payload: { p: 4, s: a1, g: 0, a: 0 } },
      { task: "event_bus:two", payload: { p: 4, s: a2, g: 0, a: 0 } },
    ]);
    const { rows } = await pool.query("select fanout from event_bus.events order by position");
    expect(rows.map(({ fanout }) => fanout)).toEqual([[a1, a2], [b2], [], [a1, a2]]);
  });

  it.each([
    [1, [2, 3, 4, 5, 6, 7, 8, 20, 100]],
    [2, [2, 3, 4, 5, 6, 7, 8, 20, 100]],
    [5, [2, 3, 4, 5, 6, 7, 8, 20, 100]],
  ])("adds the jobs of each of %d subscribers once for each event", async (count, sizes) => {
    const names = Array.from({ length: count }, (_, index) => `s${index}`);
    for (const size of sizes) {
      await empty(pool);
      await subscribe(pool, "A", names);
      const list = Array.from({ length: size }, () => event("A"));
      const { events: published } = await publish(pool, list);
      const added = await jobs(pool);
      for (const name of names) {
        const own = added.filter(({ task }) => task === `event_bus:${name}`);
        const positions = own.map(({ payload }) => payload.p).sort((a, b) => a - b);
        expect(positions).toEqual(published.map(({ position }) => position));
      }
    }
  });

  it("says of each event how many deliveries it has", async () => {
    await subscribe(pool, "A", ["one", "two"]);
    const json = JSON.stringify([event("A"), event("B"), event("A")]);
    const { rows } = await pool.query(
      "select position::integer, deliveries from event_bus.publish($1::jsonb)",
      [json],
    );
    expect(rows).toEqual([
      { position: 1, deliveries: 2 },
      { position: 2, deliveries: 0 },
      { position: 3, deliveries: 2 },
    ]);
  });

  it("gives jobs the priority and the delay of the subscription", async () => {
    await synchroniseSubscriptions(bus, DEFAULT_SCHEMA_NAMES, "app", [
      subscription("A", "early", { priority: -32_768 }),
      subscription("A", "late", { priority: 32_767, delayMs: 60_000 }),
    ]);
    await publish(pool, [event("A")]);
    const { rows } = await pool.query("select clock_timestamp() as now");
    const found = await jobs(pool);
    expect(found).toMatchObject([
      { task: "event_bus:early", priority: -32_768 },
      { task: "event_bus:late", priority: 32_767 },
    ]);
    const [early, late] = found.map((job) => job.runAt.getTime() - rows[0].now.getTime());
    expect(early).toBeLessThanOrEqual(0);
    expect(late).toBeLessThanOrEqual(60_000);
    expect(late).toBeGreaterThan(50_000);
  });

  it("keeps an event without subscribers, and enqueues nothing", async () => {
    await subscribe(pool, "B", ["one"]);
    const { deliveries } = await publish(pool, [event("A")]);
    expect([deliveries, (await events()).length, await jobs(pool)]).toEqual([0, 1, []]);
  });

  it("enqueues nothing for a subscription that has ended", async () => {
    await subscribe(pool, "A", ["one", "two"]);
    await unsubscribe(bus, DEFAULT_SCHEMA_NAMES, "one");
    await publish(pool, [event("A")]);
    expect(await tasks(pool)).toEqual(["event_bus:two"]);
  });

  it("stores 500 events for 10 subscribers with one statement, and as few inside as for one", async () => {
    await subscribe(
      pool,
      "A",
      Array.from({ length: 10 }, (_, index) => `s${index}`),
    );
    const client = await pool.connect();
    const calls = async () => {
      const { rows } = await client.query(CALLS);
      return Object.fromEntries(rows.map(({ name, calls }) => [name, calls]));
    };
    try {
      await client.query("begin");
      await client.query("set local track_functions = 'all'");
      for (const count of [1, 500]) {
        const before = await calls();
        let sent = 0;
        const counting = (text: string, values?: unknown[]) => {
          sent += 1;
          return client.query(text, values);
        };
        const events = Array.from({ length: count }, () => event("A"));
        expect((await publish({ query: counting }, events)).deliveries).toBe(count * 10);
        expect(sent).toBe(1);
        const after = await calls();
        for (const name of ["publish", "add_jobs"]) expect(after[name] - (before[name] ?? 0)).toBe(1);
      }
      await client.query("commit");
    } finally {
      client.release();
    }
    expect((await jobs(pool)).length).toBe(5010);
  });
});
