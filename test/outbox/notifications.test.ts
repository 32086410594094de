import pg from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { executorOf } from "../../src/outbox/executor.js";
import { awaitJobs } from "../../src/outbox/graphile/await-jobs.js";
import { beat } from "../../src/outbox/heartbeat.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { testDatabase } from "../support/database.js";
import { empty, event, jobs, publish, subscribe } from "./steps.js";

const { url, pool } = await testDatabase();
const executor = executorOf(pool);

const listener = new pg.Client({ connectionString: url });
const heard: string[] = [];
listener.on("notification", ({ payload }) => heard.push(payload ?? ""));
await listener.connect();
await listener.query('listen "jobs:insert"; listen "end of the test"');
afterAll(() => listener.end());

/** The notifications about jobs since the last call: a notification of our own comes after all of them. */
async function notifications(): Promise<readonly string[]> {
  await pool.query(`select pg_notify('end of the test', 'end')`);
  await expect.poll(() => heard).toContain("end");
  return heard.splice(0).filter((payload) => payload !== "end");
}

const worker = (id: string) =>
  beat(executor, DEFAULT_SCHEMA_NAMES, {
    id,
    application: "app",
    version: "1",
    host: "here",
    pid: 1,
    deadAfterMs: 60_000,
    name: id,
    subscribers: [],
    activity: {},
  });

beforeEach(async () => {
  await empty(pool);
  await pool.query("truncate event_bus.workers");
  await subscribe(pool, "E", ["one", "two"]);
  await notifications();
});

describe.each([1, 3])("publishing %i events", (count) => {
  const events = () => Array.from({ length: count }, () => event("E"));

  it("notifies nobody while there is no worker: those that start look by themselves", async () => {
    await publish(pool, events());
    expect(await notifications()).toEqual([]);
    expect(await jobs(pool)).toHaveLength(2 * count);
  });

  it("notifies workers that wait for jobs", async () => {
    await worker("idle");
    await notifications();
    await publish(pool, events());
    expect(await notifications()).toHaveLength(1);
  });

  it("notifies nobody while every worker finds jobs whenever it looks", async () => {
    await worker("busy");
    await awaitJobs(executor, DEFAULT_SCHEMA_NAMES, "busy", false);
    await notifications();
    await publish(pool, events());
    expect(await notifications()).toEqual([]);
    expect(await jobs(pool)).toHaveLength(2 * count);
  });

  it("notifies when one of several workers waits", async () => {
    await worker("busy");
    await worker("idle");
    await awaitJobs(executor, DEFAULT_SCHEMA_NAMES, "busy", false);
    await notifications();
    await publish(pool, events());
    expect(await notifications()).toHaveLength(1);
  });
});

describe("awaitJobs", () => {
  it("makes a worker that waits again look once more, for what was published meanwhile", async () => {
    await worker("one");
    await awaitJobs(executor, DEFAULT_SCHEMA_NAMES, "one", false);
    await notifications();
    await awaitJobs(executor, DEFAULT_SCHEMA_NAMES, "one", true);
    expect(await notifications()).toEqual(['{"count":1}']);
    await awaitJobs(executor, DEFAULT_SCHEMA_NAMES, "one", true);
    expect(await notifications()).toEqual([]);
  });
});

describe("settling", () => {
  const settle = async (dueMs: number) => {
    const { events } = await publish(pool, [event("E")]);
    const [job] = await jobs(pool);
    await notifications();
    const [settled] = await settleDeliveries(executor, DEFAULT_SCHEMA_NAMES, [
      {
        position: events[0]?.position ?? 0,
        subscriptionId: job?.payload.s ?? 0,
        generation: 0,
        attempts: 1,
        state: "retrying",
        dueMs,
      },
    ]);
    expect(settled).toBe("retrying");
  };

  it("notifies workers of what is due at once, and of nothing that is due later", async () => {
    await worker("idle");
    await settle(60_000);
    expect(await notifications()).toEqual([]);
    await settle(0);
    expect(await notifications()).toHaveLength(1);
  });
});
