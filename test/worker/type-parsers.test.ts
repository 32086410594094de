import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { z } from "zod";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import * as admin from "../../src/admin.js";
import { publish as publishByClient } from "../../src/index.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf, type Queryable } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { fixed } from "../../src/registry/backoff.js";
import { defineEvent } from "../../src/registry/define-event.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import * as testing from "../../src/testing.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { Ping } from "./ping.js";
import { workerFixture } from "./worker-fixture.js";

// `pg` is the application's: what it sets on `pg.types` holds in the whole process.
const { pool, url, names, options: optionsOf, subscriber, start, allIn, jobs } = await workerFixture();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

/** Nothing here is about time: a busy machine may take its own. */
const given = { prisma, worker: { deadAfterMs: 60_000 } };
const options = (subscribers: readonly Subscriber[]) => optionsOf(subscribers, given);

type Parser = (text: string) => unknown;
const { builtins } = pg.types;
/** Every type of which our statements or those of graphile-worker give values, but text. */
const OIDS = [
  ...[
    builtins.BOOL,
    builtins.INT2,
    builtins.INT4,
    builtins.INT8,
    builtins.FLOAT8,
    builtins.NUMERIC,
    builtins.OID,
  ],
  ...[builtins.JSON, builtins.JSONB, builtins.TIMESTAMP, builtins.TIMESTAMPTZ, builtins.DATE, builtins.UUID],
  ...[1005, 1007, 1009, 1015, 1016, 1021, 1022, 1185, 2951, 19],
];

const set = (oid: number, parser: Parser) => pg.types.setTypeParser(oid as never, parser);
const before = new Map(OIDS.map((oid) => [oid, pg.types.getTypeParser(oid as never)]));
const setAll = (parser: Parser) => {
  for (const oid of OIDS) set(oid, parser);
};
afterEach(() => {
  for (const [oid, parser] of before) set(oid, parser);
  Object.assign(pg.defaults, { binary: false });
});

const KINDS: [string, () => void][] = [
  ["that leave everything a text", () => setAll((text) => text)],
  ["that always fail", () => setAll(fail)],
  [
    "for json that revive dates",
    () => {
      for (const oid of [114, 3802]) set(oid, revive);
    },
  ],
  ["of no type, with all values in binary form", () => Object.assign(pg.defaults, { binary: true })],
];

function fail(): never {
  throw new TypeError("odd");
}

function revive(text: string): unknown {
  return JSON.parse(text, (_, value) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : value,
  );
}

const inTransaction = (name: string) =>
  defineSubscriber({
    name,
    events: [Ping],
    transactional: true,
    handle: () => undefined,
  }) as unknown as Subscriber;

const Pong = defineEvent("Ping", { schema: z.object({ n: z.number() }), aggregateType: "Pong" });

describe.each(KINDS)("with parsers %s", (_, setParsers) => {
  it("a worker makes deliveries, again and in transactions", async () => {
    setParsers();
    const inserted: unknown[] = [];
    const again = subscriber(
      "again",
      (_event, ctx) => {
        inserted.push(ctx.insertedAt);
        if (ctx.attempt === 1) throw new Error("once");
      },
      { retry: { backoff: fixed(10) } },
    );
    const failures = subscriber("failures", () => undefined, { history: "failures" });
    await migrate(options([again, inTransaction("in-transaction"), failures]));
    await start([again, inTransaction("in-transaction"), failures], given);
    await publishEvents(
      executorOf(pool),
      names,
      [1, 2, 3].map((n) => encodeEvent(Ping({ n }), { maxEventBytes: 1_000 })),
    );
    const rows = await allIn("delivered", 9);
    expect(rows.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2]);
    expect(inserted).toHaveLength(6);
    for (const at of inserted) expect(Math.abs((at as Date).getTime() - Date.now())).toBeLessThan(600_000);
  });

  it("runOnce() makes deliveries", async () => {
    setParsers();
    const one = subscriber("one", () => undefined);
    await migrate(options([one]));
    await publishEvents(executorOf(pool), names, [encodeEvent(Ping({ n: 1 }), { maxEventBytes: 1_000 })]);
    expect(await runOnce(options([one]))).toMatchObject({ delivered: 1 });
    expect((await jobs()).length).toBe(0);
  });

  it.each<[string, Queryable]>([
    ["a pool", pool],
    ["a Prisma client", prisma],
  ])("functions that are called with %s of the application answer as ever", async (__, client) => {
    setParsers();
    const startedAt = Date.now() - 600_000;
    const isNow = (at: Date | null | undefined) =>
      expect(Math.abs((at as Date).getTime() - startedAt)).toBeLessThan(1_200_000);
    const dies = subscriber("dies", () => Promise.reject(new Error("no")), { retry: { maxAttempts: 1 } });
    await migrate(options([dies, inTransaction("waits")]));
    const published = await publishByClient(client, [Pong({ n: 1 }, { aggregateKey: "1" }), Pong({ n: 2 })]);
    const [first, second] = published.events.map((one) => one.position);
    expect(published).toMatchObject({ deliveries: 4 });
    expect(Number(second) - Number(first)).toBe(1);

    // A position is read when no transaction of the whole server can come before it any more, those of other tests included.
    const read = () => admin.events(client, { after: Number(first) - 1 });
    await expect.poll(read, { timeout: 60_000 }).toHaveLength(2);
    const events = await read();
    expect(events).toMatchObject([
      { position: first, aggregate: { n: 1 }, version: 1, metadata: {} },
      { position: second, aggregate: { n: 2 } },
    ]);
    for (const { occurredAt } of events) isNow(occurredAt);
    expect(await testing.publishedEvents(client, Pong)).toHaveLength(2);

    await runOnce(options([dies]));
    const dead = await admin.deliveries(client, { state: "dead", since: new Date(startedAt) });
    expect(dead).toMatchObject([
      { position: first, attempts: 1, errorCount: 1, errors: [{ attempt: 1, message: "no" }], dueAt: null },
      { position: second },
    ]);
    for (const { occurredAt, finishedAt } of dead) [occurredAt, finishedAt].forEach(isNow);

    const { subscribers, workers } = await admin.status(client);
    expect(workers).toEqual([]);
    expect(subscribers).toMatchObject([
      { subscriber: "dies", dead: 2, waiting: 0, isPaused: false, oldestOpen: null, isOrphaned: false },
      { subscriber: "waits", dead: 0, waiting: 2, isOrphaned: true },
    ]);
    isNow(subscribers[1]?.oldestOpen);
    await start([dies], given);
    const [worker] = (await admin.status(client)).workers;
    expect(worker).toMatchObject({ pid: process.pid, subscribers: ["dies"], running: 0 });
    isNow(worker?.startedAt);
    expect((await admin.doctor(client)).findings).toEqual(expect.any(Array));

    expect(await admin.pause(client, "waits")).toBe(true);
    expect(await admin.pause(client, "waits")).toBe(false);
    expect(await admin.resume(client, "waits")).toEqual({ resumed: true, woken: 0 });
    expect(await admin.subscribersOf(client, "Ping")).toMatchObject([
      { subscriber: "dies", isPaused: false },
      { subscriber: "waits", isPaused: false },
    ]);
    const drain = { client, prisma, subscribers: [inTransaction("waits")] };
    expect(await testing.drain(drain)).toMatchObject({ delivered: 2, retrying: 0 });
    expect(await admin.discard(client, { subscriber: "dies" }, { reason: "x" })).toMatchObject({
      discarded: 2,
    });
    expect(await admin.redrive(client, { subscriber: "dies" })).toMatchObject({ redriven: 0 });
    expect(await admin.erase(client, { aggregateType: "Pong", aggregateKey: "1" })).toMatchObject({
      events: 1,
    });
    expect(await admin.unsubscribe(client, "waits")).toEqual(["Ping"]);
    expect(await admin.prune(client, { default: 0 })).toMatchObject({ events: 2 });
  });
});
