import { PrismaPg } from "@prisma/adapter-pg";
import type { PoolClient } from "pg";
import { afterAll, beforeEach, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { isEventBusError } from "../../src/errors.js";
import { explainFailure } from "../../src/outbox/database-error.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { testDatabase } from "../support/database.js";
import { empty, event, jobs, publish, subscribe } from "./steps.js";

const { url, pool } = await testDatabase();
const { pool: bare, url: bareUrl } = await testDatabase();
await bare.query("drop schema event_bus cascade");
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
const barePrisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: bareUrl }) });
afterAll(() => Promise.all([prisma.$disconnect(), barePrisma.$disconnect()]));

beforeEach(async () => {
  await empty(pool);
  await subscribe(pool, "E", ["one", "two"]);
});

/** What is stored: aggregates, and the positions of jobs. */
async function stored() {
  const events = await findEvents(executorOf(pool), DEFAULT_SCHEMA_NAMES);
  return {
    aggregates: events.map(({ aggregate }) => aggregate),
    jobs: (await jobs(pool)).map(
      ({ payload }) => events.find(({ position }) => position === payload.p)?.aggregate,
    ),
  };
}

async function transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe("publishEvents in a transaction", () => {
  it("leaves nothing when it rolls back", async () => {
    await transaction(async (client) => {
      await client.query("begin");
      expect((await publish(client, [event("E")])).deliveries).toBe(2);
      await client.query("rollback");
    });
    expect(await stored()).toEqual({ aggregates: [], jobs: [] });
  });

  it("leaves what is outside of a savepoint that rolls back", async () => {
    await transaction(async (client) => {
      await client.query("begin");
      await publish(client, [event("E", { aggregate: 1 })]);
      await client.query("savepoint s");
      await publish(client, [event("E", { aggregate: 2 })]);
      await client.query("rollback to savepoint s");
      await publish(client, [event("E", { aggregate: 3 })]);
      await client.query("commit");
    });
    expect(await stored()).toEqual({ aggregates: [1, 3], jobs: [1, 1, 3, 3] });
  });

  it("leaves nothing when a transaction of Prisma rolls back", async () => {
    const attempt = prisma.$transaction(async (tx) => {
      await publish(tx, [event("E")]);
      throw new Error("rolled back");
    });
    await expect(attempt).rejects.toThrow("rolled back");
    expect(await stored()).toEqual({ aggregates: [], jobs: [] });
  });

  it("is seen by nobody before it commits", async () => {
    await transaction(async (client) => {
      await client.query("begin");
      await publish(client, [event("E", { aggregate: 1 })]);
      expect(await stored()).toEqual({ aggregates: [], jobs: [] });
      await client.query("commit");
    });
    expect(await stored()).toEqual({ aggregates: [1], jobs: [1, 1] });
  });

  it.each<[string, Queryable]>([
    ["pg", pool],
    ["Prisma", prisma],
  ])("refuses an id that was given before, with all that comes with it, through %s", async (_, target) => {
    const first = event("E", { aggregate: 1 });
    await publish(target, [first]);
    const again = publish(target, [event("E", { aggregate: 2 }), { ...first, aggregate: 3 }]);
    await expect(again).rejects.toMatchObject({ code: "ALREADY_PUBLISHED" });
    await expect(publish(target, [first, first])).rejects.toMatchObject({ code: "ALREADY_PUBLISHED" });
    expect(await stored()).toEqual({ aggregates: [1], jobs: [1, 1] });
  });
});

describe("publishEvents", () => {
  const newer = "select * from event_bus.publish(events => '[]', schema_version => 2147483647)";

  it.each<[string, () => Promise<unknown>]>([
    ["pg", () => pool.query(newer)],
    ["Prisma", () => prisma.$queryRawUnsafe(newer)],
  ])(
    "is refused when it needs a newer schema than the one that is installed, through %s",
    async (_, call) => {
      const error = await call().catch((reason: unknown) => explainFailure(reason, DEFAULT_SCHEMA_NAMES));
      expect(isEventBusError(error, "SCHEMA_OUTDATED")).toBe(true);
      expect((error as Error).message).toMatch(
        /^the event bus in this database has schema version \d+, the publisher needs version 2147483647\. Run: npx ex-event-bus migrate$/,
      );
    },
  );

  it("stores nothing when it needs a newer schema", async () => {
    const json = JSON.stringify([event("E")]);
    const attempt = pool.query("select event_bus.publish($1::jsonb, 2147483647)", [json]);
    await expect(attempt).rejects.toMatchObject({ code: "EB001", hint: "Run: npx ex-event-bus migrate" });
    expect(await stored()).toEqual({ aggregates: [], jobs: [] });
  });

  it.each<[string, Queryable]>([
    ["pg", bare],
    ["Prisma", barePrisma],
  ])("says that the schema is missing, and what to do, through %s", async (_, target) => {
    const error = await publish(target, [event("E")]).catch((reason: unknown) => reason);
    expect(isEventBusError(error, "SCHEMA_MISSING")).toBe(true);
    expect(error).toMatchObject({ value: "event_bus", cause: expect.any(Error) });
    expect((error as Error).message).toMatch(
      /^The event bus is not installed in schema "event_bus" .*Run: npx ex-event-bus migrate$/,
    );
  });

  it("says that graphile-worker's schema is missing", async () => {
    await transaction(async (client) => {
      await client.query("begin");
      await client.query("drop schema graphile_worker cascade");
      const error = await publish(client, [event("E")]).catch((reason: unknown) => reason);
      expect(isEventBusError(error, "SCHEMA_MISSING")).toBe(true);
      expect((error as Error).message).toContain('graphile-worker is not in "graphile_worker"');
    });
  });
});
