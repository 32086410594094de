import { runMigrations } from "graphile-worker";
import { beforeEach, describe, expect, it } from "vitest";

import { executorOf } from "../../src/outbox/executor.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { taskIdentifier } from "../../src/outbox/graphile/job-sql.js";
import { installSchema } from "../../src/outbox/install-schema.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { subscriptionsOf, synchroniseSubscriptions, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { empty, event, jobs, publish, subscribe, subscription, tasks } from "./steps.js";

const { url, pool } = await testDatabase();
const bus = executorOf(pool);

describe("two applications with worker schemas of their own", async () => {
  await runMigrations({ connectionString: url, schema: "gw2" });
  const second: SchemaNames = { schema: "event_bus", workerSchema: "gw2" };
  beforeEach(async () => {
    await empty(pool);
    await pool.query("truncate gw2._private_jobs");
    await synchroniseSubscriptions(bus, DEFAULT_SCHEMA_NAMES, "shop", [
      subscription("A", "mail"),
      subscription("B", "mail"),
    ]);
    await synchroniseSubscriptions(bus, second, "billing", [
      subscription("A", "invoice"),
      subscription("C", "invoice"),
    ]);
  });

  it.each<[string, SchemaNames]>([
    ["the one", DEFAULT_SCHEMA_NAMES],
    ["the other", second],
  ])("get each job in the right schema from one call, whoever publishes: %s", async (_, names) => {
    const { deliveries } = await publish(pool, [event("A"), event("B"), event("C"), event("D")], names);
    expect(deliveries).toBe(4);
    const found = async (schema: string) =>
      (await jobs(pool, schema)).map(({ task, payload }) => [task, payload.p]);
    expect(await found("graphile_worker")).toEqual([
      ["event_bus:mail", 1],
      ["event_bus:mail", 2],
    ]);
    expect(await found("gw2")).toEqual([
      ["event_bus:invoice", 1],
      ["event_bus:invoice", 3],
    ]);
  });

  it("get no task identifiers of each other", async () => {
    const identifiers = async (schema: string) =>
      (
        await pool.query(
          `select identifier from ${schema}._private_tasks where identifier like 'event_bus:%'`,
        )
      ).rows;
    expect(await identifiers("graphile_worker")).toEqual([{ identifier: "event_bus:mail" }]);
    expect(await identifiers("gw2")).toEqual([{ identifier: "event_bus:invoice" }]);
  });

  it("get the wake-ups of their retries in the right schema, whoever settles", async () => {
    await publish(pool, [event("A")]);
    await pool.query("truncate graphile_worker._private_jobs, gw2._private_jobs");
    const [mail, invoice] = await findDeliveries(bus, DEFAULT_SCHEMA_NAMES);
    const settlements = [mail, invoice].map((delivery) => ({
      position: 1,
      subscriptionId: delivery?.subscriptionId ?? 0,
      ...{ generation: 0, attempts: 1, state: "retrying" as const, dueMs: 0 },
    }));
    expect(await settleDeliveries(bus, second, settlements)).toEqual(["retrying", "retrying"]);
    expect([await tasks(pool), await tasks(pool, "gw2")]).toEqual([
      ["event_bus:mail"],
      ["event_bus:invoice"],
    ]);
  });

  it("move: jobs go to the new schema of their worker, where the task is known", async () => {
    await pool.query("delete from gw2._private_tasks where identifier = 'event_bus:mail'");
    await synchroniseSubscriptions(bus, second, "shop", [
      subscription("A", "mail"),
      subscription("B", "mail"),
    ]);
    const { rows } = await pool.query("select from gw2._private_tasks where identifier = 'event_bus:mail'");
    expect(rows.length).toBe(1);
    await publish(pool, [event("A"), event("B")]);
    expect(await tasks(pool)).toEqual([]);
    expect((await tasks(pool, "gw2")).toSorted()).toEqual([
      "event_bus:invoice",
      "event_bus:mail",
      "event_bus:mail",
    ]);
  });

  it("move with what is open: it has a wake-up in the new schema, and the old one leads to nothing", async () => {
    await publish(pool, [event("A"), event("B")]);
    const [, retried] = (await findDeliveries(bus, DEFAULT_SCHEMA_NAMES)).filter(
      ({ subscriber }) => subscriber === "mail",
    );
    await settleDeliveries(bus, DEFAULT_SCHEMA_NAMES, [
      {
        position: retried?.position ?? 0,
        subscriptionId: retried?.subscriptionId ?? 0,
        ...{ generation: 0, attempts: 1, state: "retrying" as const, dueMs: 60_000 },
      },
    ]);
    await pool.query("truncate graphile_worker._private_jobs, gw2._private_jobs");
    await synchroniseSubscriptions(bus, second, "shop", [
      subscription("A", "mail"),
      subscription("B", "mail"),
    ]);
    expect(await tasks(pool)).toEqual([]);
    expect((await jobs(pool, "gw2")).map(({ task, payload }) => [task, payload])).toEqual([
      ["event_bus:mail", { p: 1, s: expect.any(Number), g: 1, a: 0 }],
      ["event_bus:mail", { p: 2, s: expect.any(Number), g: 2, a: 1 }],
    ]);
    const open = (await findDeliveries(bus, DEFAULT_SCHEMA_NAMES)).filter(
      ({ subscriber }) => subscriber === "mail",
    );
    expect(open.map(({ state, generation }) => [state, generation])).toEqual([
      ["waiting", 1],
      ["retrying", 2],
    ]);
  });

  it("move one subscription alone", async () => {
    await synchroniseSubscriptions(bus, second, "shop", [subscription("A", "mail")]);
    await publish(pool, [event("A"), event("B")]);
    expect(await tasks(pool)).toEqual(["event_bus:mail"]);
    expect((await tasks(pool, "gw2")).toSorted()).toEqual(["event_bus:invoice", "event_bus:mail"]);
  });
});

const unusual: [string, SchemaNames][] = [
  ["capitals, a space and quotes", { schema: 'Event Bus"x', workerSchema: 'Worker "2"' }],
  [
    "quotes of texts, backslashes, percent signs",
    { schema: "it's\\ 100%s %1$I", workerSchema: "o'\\worker %" },
  ],
  ["what looks like our placeholders", { schema: ":BUS :WORKER", workerSchema: ":BUS_TEXT" }],
  ["what looks like parameters and bodies", { schema: "$1 $body$", workerSchema: "?::text" }],
  ["other alphabets", { schema: "événements 🟤", workerSchema: "Łódź" }],
];

describe.each(unusual)("names with %s", async (_, names) => {
  await runMigrations({ connectionString: url, schema: names.workerSchema });

  it("serve to install, subscribe, publish, find, load, settle and unsubscribe", async () => {
    const client = await pool.connect();
    try {
      expect(await installSchema(client, names)).toEqual(expect.arrayContaining(["init"]));
      expect(await installSchema(client, names)).toEqual([]);
    } finally {
      client.release();
    }
    expect(await subscribe(pool, "E", ["one"], names)).toEqual(["one"]);
    expect(await subscriptionsOf(bus, names, "E")).toMatchObject([{ subscriber: "one" }]);
    const { events, deliveries } = await publish(pool, [event("E", { aggregate: { id: 1n } })], names);
    expect([events.length, deliveries]).toEqual([1, 1]);
    expect(await findEvents(bus, names)).toMatchObject([{ name: "E", aggregate: { id: 1n } }]);
    expect(await tasks(pool, names.workerSchema)).toEqual([taskIdentifier("one")]);

    const [delivery] = await findDeliveries(bus, names, { subscriber: "one" });
    expect(delivery).toMatchObject({ state: "waiting", generation: 0 });
    const { position = 0, subscriptionId = 0 } = delivery ?? {};
    const settlement = {
      position,
      subscriptionId,
      generation: 0,
      attempts: 1,
      state: "retrying",
      dueMs: 1000,
    } as const;
    expect(await settleDeliveries(bus, names, [settlement])).toEqual(["retrying"]);
    const [loaded] = await loadDeliveries(bus, names, [{ position, subscriptionId }]);
    expect(loaded).toMatchObject({
      state: "retrying",
      generation: 1,
    });
    expect((await jobs(pool, names.workerSchema)).map(({ payload }) => payload.g)).toEqual([0, 1]);
    expect(await unsubscribe(bus, names, "one")).toEqual(["E"]);
  });
});
