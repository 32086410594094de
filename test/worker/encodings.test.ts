import { randomUUID } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { afterAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { deliveries } from "../../src/admin/deliveries.js";
import { redrive } from "../../src/admin/redrive.js";
import { isEventBusError } from "../../src/errors.js";
import { publish } from "../../src/extension/publish.js";
import { SILENT } from "../../src/log/logger.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import { databasesOf } from "../../src/testing/postgres-databases.js";
import { migrate } from "../../src/worker/migrate.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { eventually } from "../support/eventually.js";
import { FAST } from "./worker-fixture.js";

// Databases in which not every text can be stored.

const Noted = defineEvent("Noted", { schema: z.object({ text: z.string() }) });

const admin = new pg.Client({ connectionString: inject("server").url });
await admin.connect();
const databases = databasesOf(inject("server").url);
const open: { readonly name: string; readonly pool: pg.Pool; readonly prisma: PrismaClient }[] = [];
afterAll(async () => {
  for (const { name, pool, prisma } of open) {
    await prisma.$disconnect();
    await pool.end();
    await databases.dropDatabase(name);
  }
  await admin.end();
});

async function databaseIn(encoding: string) {
  const name = `ex_event_bus_test_${randomUUID()}`;
  await admin.query(
    `create database "${name}" template template0 encoding '${encoding}' lc_collate 'C' lc_ctype 'C'`,
  );
  const url = databases.databaseUrl(name);
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => undefined);
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
  open.push({ name, pool, prisma });
  return { url, pool, prisma };
}

const subscriberThat = (name: string, calls: string[], handle: () => unknown, more: object = {}) =>
  defineSubscriber({
    name,
    events: [Noted],
    retry: { maxAttempts: 2, backoff: () => 1 },
    ...more,
    handle(_event, ctx) {
      calls.push(name);
      return name === "cancels" ? ctx.cancel("gone \u2013 caf\u00e9") : handle();
    },
  });

const fail = (error: unknown) => () => {
  throw error;
};

describe.each(["LATIN1", "SQL_ASCII", "EUC_JP"])("a database in %s", (encoding) => {
  it("is migrated, and has every outcome on record, whatever the errors say", async () => {
    const { url, pool, prisma } = await databaseIn(encoding);
    const calls: string[] = [];
    const text = `the user\u2019s \u4f60 \u{1f600}`;
    const root = Array.from({ length: 40 }).reduce<Error>(
      (cause) => new Error("x".repeat(3_000), { cause }),
      new Error("root"),
    );
    const subscribers = [
      subscriberThat("says it", calls, fail(new Error(text))),
      subscriberThat("in a transaction", calls, fail(new Error(text)), { transactional: true }),
      subscriberThat("as a text", calls, fail(text)),
      subscriberThat("in a cause", calls, fail(new Error("outer", { cause: new Error(text) }))),
      subscriberThat("at length", calls, fail(root)),
      subscriberThat("a NUL", calls, fail(new Error("a\0b\ud800c"))),
      subscriberThat("cancels", calls, () => undefined),
      subscriberThat("good", calls, () => undefined),
    ];
    await migrate({ prisma, subscribers, database: { url } });
    await publish(prisma, Noted({ text: "plain" }));
    const worker = await runWorker({
      prisma,
      subscribers,
      database: { url },
      worker: FAST,
      log: SILENT,
      report: () => undefined,
    });
    try {
      await eventually(async () => {
        const rows = await deliveries(pool, {});
        expect(rows.filter(({ state }) => state === "dead")).toHaveLength(6);
        expect(rows.find(({ subscriber }) => subscriber === "cancels")?.state).toBe("cancelled");
        expect(rows.find(({ subscriber }) => subscriber === "good")?.state).toBe("delivered");
      });
    } finally {
      await worker.stop();
    }
    const count = (name: string) => calls.filter((one) => one === name).length;
    expect(subscribers.map(({ name }) => count(name))).toEqual([2, 2, 2, 2, 2, 2, 1, 1]);
    const [said] = await deliveries(pool, { subscriber: "says it" });
    // It takes bytes as they come. The others have no form for one of the characters at least.
    const isKept = encoding === "SQL_ASCII";
    const told = isKept ? text : "the user\\u{2019}s \\u{4f60} \\u{1f600}";
    expect(said?.errors.map(({ message }) => message)).toEqual([told, told]);
    const [cancelled] = await deliveries(pool, { subscriber: "cancels" });
    expect(cancelled?.reason).toBe(isKept ? "gone \u2013 caf\u00e9" : "gone \\u{2013} caf\\u{e9}");
    expect((await pool.query("select from graphile_worker._private_jobs")).rowCount).toBe(0);
  });
});

it("is delivered what its encoding has, and refuses events with other characters in our words", async () => {
  const { url, pool, prisma } = await databaseIn("LATIN1");
  const texts: string[] = [];
  const subscribers = [
    defineSubscriber({
      name: "reads",
      events: [Noted],
      handle: (event) => void texts.push(event.aggregate.text),
    }),
  ];
  const options = {
    prisma,
    subscribers,
    database: { url },
    worker: FAST,
    log: SILENT,
    report: () => undefined,
  };
  await migrate(options);
  await publish(prisma, Noted({ text: "caf\u00e9 \u00a3" }));
  for (const text of ["\u4f60", "a\u2019b", "\u{1f600}"]) {
    const refused = await publish(prisma, Noted({ text })).catch((error: unknown) => error);
    expect(isEventBusError(refused, "VALUE_NOT_STORABLE") && refused.message).toMatch(/encoding .* "LATIN1"/);
  }
  // What was written in the same transaction goes with it: there is no row without its event.
  const written = prisma.$transaction(async (tx) => {
    await tx.$executeRawUnsafe("create table written (id integer)");
    await publish(tx, Noted({ text: "\u4f60" })).catch(() => undefined);
  });
  await written.catch(() => undefined);
  expect((await pool.query("select to_regclass('written') as found")).rows).toEqual([{ found: null }]);
  const worker = await runWorker(options);
  await eventually(async () => expect(texts).toEqual(["caf\u00e9 \u00a3"])).finally(() => worker.stop());
  expect((await pool.query("select from event_bus.events")).rowCount).toBe(1);

  const odd = defineSubscriber({ name: "\u4f60", events: [Noted], handle: () => undefined });
  const refused = await migrate({ ...options, subscribers: [odd] }).catch((error: unknown) => error);
  expect(isEventBusError(refused, "VALUE_NOT_STORABLE")).toBe(true);
  const sought = await redrive(pool, { error: "\u4f60" }).catch((error: unknown) => error);
  expect(isEventBusError(sought, "INVALID_OPTION") && sought.message).toMatch(/redrive\(\) .* "LATIN1"/);
});
