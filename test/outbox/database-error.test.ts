import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { isEventBusError } from "../../src/errors.js";
import { databaseFailure, explainFailure, isTransient } from "../../src/outbox/database-error.js";
import { dueDeliveries } from "../../src/outbox/due-deliveries.js";
import { type Executor, executorOf, type Queryable } from "../../src/outbox/executor.js";
import { findDeliveries } from "../../src/outbox/find-deliveries.js";
import { findEvents } from "../../src/outbox/find-events.js";
import { loadDeliveries } from "../../src/outbox/load-delivery.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { settleDeliveries } from "../../src/outbox/settle-deliveries.js";
import { subscriberStatus } from "../../src/outbox/subscriber-status.js";
import { subscriptionsOf, unsubscribe } from "../../src/outbox/subscriptions.js";
import { testDatabase } from "../support/database.js";
import { event, publish, subscribe } from "./steps.js";

const { url, pool } = await testDatabase();
await pool.query("drop schema event_bus cascade");
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

const names = DEFAULT_SCHEMA_NAMES;
const sources: [string, Queryable, (sql: string) => PromiseLike<unknown>][] = [
  ["pg", pool, (sql) => pool.query(sql)],
  ["Prisma", prisma, (sql) => prisma.$executeRawUnsafe(sql)],
];

const settlement = {
  position: 1,
  subscriptionId: 1,
  generation: 0,
  attempts: 1,
  state: "delivered",
} as const;
const calls: [string, (executor: Executor) => PromiseLike<unknown>][] = [
  ["publishEvents", (executor) => publish(executor, [event("E")])],
  ["synchroniseSubscriptions", (executor) => subscribe(executor, "E", ["one"])],
  ["subscriptionsOf", (executor) => subscriptionsOf(executor, names, "E")],
  ["unsubscribe", (executor) => unsubscribe(executor, names, "one")],
  ["settleDeliveries", (executor) => settleDeliveries(executor, names, [settlement])],
  ["loadDeliveries", (executor) => loadDeliveries(executor, names, [{ position: 1, subscriptionId: 1 }])],
  ["findDeliveries", (executor) => findDeliveries(executor, names)],
  ["findEvents", (executor) => findEvents(executor, names)],
  ["subscriberStatus", (executor) => subscriberStatus(executor, names)],
  ["dueDeliveries", (executor) => dueDeliveries(executor, names, { subscribers: ["one"] })],
];

async function failureOf(call: () => PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(call()).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(sources)("without the schema, by %s,", (_, source) => {
  it.each(calls)("%s says what is missing and what to do", async (_name, call) => {
    const error = await failureOf(() => call(executorOf(source)));
    expect(isEventBusError(error, "SCHEMA_MISSING")).toBe(true);
    expect(error).toMatchObject({ value: "event_bus", cause: expect.any(Error) });
    expect((error as Error).message).toContain("Run: npx ex-event-bus migrate");
  });
});

const raise = (state: string) =>
  `do $$ begin raise exception 'what was said' using errcode = '${state}'; end $$`;

describe.each(sources)("an error that comes through %s", (_, __, run) => {
  it.each([
    ["EB001", "SCHEMA_OUTDATED"],
    ["EB002", "SCHEMA_TOO_NEW"],
    ["EB003", "SUBSCRIBER_TAKEN"],
    ["3F000", "SCHEMA_MISSING"],
    ["42883", "SCHEMA_MISSING"],
    ["42P01", "SCHEMA_MISSING"],
  ] as const)("with the state %s is explained as %s, and kept as the cause", async (state, code) => {
    const error = await failureOf(() => run(raise(state)));
    expect(databaseFailure(error)).toEqual({ state, message: expect.stringContaining("what was said") });
    const explained = explainFailure(error, names);
    expect(isEventBusError(explained, code)).toBe(true);
    expect((explained as Error).cause).toBe(error);
    expect(explainFailure(explained, names)).toBe(explained);
  });

  it.each(["EB000", "23505", "22P02", "P0001"])("with the state %s stays as it is", async (state) => {
    const error = await failureOf(() => run(raise(state)));
    expect(databaseFailure(error)?.state).toBe(state);
    expect(explainFailure(error, names)).toBe(error);
  });

  it("says what a role needs that has no rights", async () => {
    const error = explainFailure(await failureOf(() => run(raise("42501"))), names);
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", message: expect.stringContaining("Grant") });
  });

  it.each([
    ["40001", true],
    ["40P01", true],
    ["23505", false],
  ])("with the state %s may pass when it is tried again: %s", async (state, may) => {
    const failure = databaseFailure(await failureOf(() => run(raise(state))));
    expect(isTransient(failure?.state ?? "")).toBe(may);
  });
});

describe("databaseFailure", () => {
  it.each<[string, unknown]>([
    ["an error of Prisma's own", Object.assign(new Error("not found"), { code: "P2025" })],
    ["an error of Node's", Object.assign(new Error("refused"), { code: "ECONNREFUSED" })],
    ["an error without a code", new Error("x")],
    ["an error with a number as code", Object.assign(new Error("x"), { code: 23_505 })],
    ["a text", "42P01"],
    ["null", null],
    ["undefined", undefined],
  ])("finds no answer of PostgreSQL in %s", (_, error) => {
    expect(databaseFailure(error)).toBeUndefined();
    expect(explainFailure(error, names)).toBe(error);
  });
});
