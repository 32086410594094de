import { describe, expect, it } from "vitest";

import { deliveries } from "../../src/admin/deliveries.js";
import { currentContext } from "../../src/context/event-context.js";
import { EventBusError } from "../../src/errors.js";
import { telemetry } from "../../src/log/hub.js";
import { exponential, fixed } from "../../src/registry/backoff.js";
import type { HandlerContext } from "../../src/registry/handler-context.js";
import { isEvent } from "../../src/registry/is-event.js";
import { testDatabase } from "../support/database.js";
import { deliverFixture, OrderPaid } from "./deliver-fixture.js";

const { pool } = await testDatabase();
const { enqueue, reports, lines } = deliverFixture(pool);

const jobsOf = async (subscriber: string) => {
  const { rows } = await pool.query<{ run_at: Date }>(
    "select run_at from graphile_worker.jobs where task_identifier = $1 order by id",
    [`event_bus:${subscriber}`],
  );
  return rows;
};

describe("deliver", () => {
  it("calls the handler with the event, and records that it was delivered", async () => {
    let seen: unknown;
    const delivery = await enqueue((event) => {
      seen = event;
      expect(isEvent(event, OrderPaid)).toBe(true);
    });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(seen).toMatchObject({
      id: delivery.draft.id,
      name: "OrderPaid",
      aggregate: delivery.draft.aggregate,
      aggregateKey: delivery.draft.aggregateKey,
    });
    expect(await delivery.row()).toMatchObject({
      state: "delivered",
      attempts: 1,
      errors: [],
      finishedAt: expect.any(Date),
      dueAt: null,
    });
  });

  it("says in the metadata and in the context which attempt it is and when the event was stored", async () => {
    const seen: unknown[] = [];
    const delivery = await enqueue(
      (event, { attempt, maxAttempts, insertedAt }) => {
        seen.push([event.metadata, { attempt, maxAttempts, insertedAt: insertedAt.toISOString() }]);
        if (attempt === 1) throw new Error("once more");
        expect(insertedAt).toEqual(event.occurredAt);
      },
      { retry: { maxAttempts: 7 } },
      { actor: "admin" },
    );
    await delivery.next();
    await delivery.next();
    const insertedAt = expect.any(String);
    expect(seen).toEqual([
      [
        { actor: "admin", attempt: 1, maxAttempts: 7, insertedAt },
        { attempt: 1, maxAttempts: 7, insertedAt },
      ],
      [
        { actor: "admin", attempt: 2, maxAttempts: 7, insertedAt },
        { attempt: 2, maxAttempts: 7, insertedAt },
      ],
    ]);
  });

  it("gives the handler the same idempotency key in each attempt, the client and a logger that names the delivery", async () => {
    const contexts: HandlerContext[] = [];
    const delivery = await enqueue((_, ctx) => {
      contexts.push(ctx);
      ctx.log.info("Mail sent.", { to: "ann" });
      if (ctx.attempt === 1) throw new Error("once more");
    });
    await delivery.next();
    await delivery.next();
    const key = `${delivery.draft.id}:${delivery.subscriber.name}`;
    expect(contexts.map((ctx) => [ctx.idempotencyKey, ctx.deliveryId, ctx.subscriber])).toEqual([
      [key, key, delivery.subscriber.name],
      [key, key, delivery.subscriber.name],
    ]);
    expect(contexts[0]?.prisma).toEqual({ isPrisma: true });
    const fields = {
      subscriber: delivery.subscriber.name,
      eventName: "OrderPaid",
      deliveryId: key,
      to: "ann",
    };
    expect(lines).toContainEqual(["info", "Mail sent.", { ...fields, attempt: 2 }]);
  });

  it("names the event as the cause of what the handler publishes", async () => {
    let context: unknown;
    const delivery = await enqueue(
      () => {
        context = currentContext();
      },
      {},
      { correlationId: "request-1" },
    );
    await delivery.next();
    expect(context).toEqual({
      metadata: { correlationId: "request-1", causationId: delivery.draft.id },
      silent: false,
    });
  });

  it("leaves the trace context of what the handler publishes to who surrounds deliveries", async () => {
    const traces: unknown[] = [];
    const handle = () => void traces.push(currentContext().metadata.traceparent);
    const traced = { traceparent: "00-11111111111111111111111111111111-2222222222222222-01" };
    await (await enqueue(handle, {}, traced)).next();
    const off = telemetry.around("deliver", (_, run) => void run());
    await (await enqueue(handle, {}, traced)).next();
    off();
    expect(traces).toEqual([traced.traceparent, undefined]);
  });

  it("reports the beginning before the handler runs, and the same of both ends to who surrounds it", async () => {
    const order: unknown[] = [];
    const off = telemetry.around("deliver", (start, run) => {
      order.push(["around", start.attempt]);
      void run().then((end) => order.push(end.type));
    });
    const metadata = { correlationId: "request-1", traceparent: "00-1", tracestate: "a=b" };
    const delivery = await enqueue(() => void order.push("handler"), {}, metadata);
    await delivery.next({ report: (event) => void order.push(`report ${event.type}`) });
    off();
    expect(order).toEqual([
      "report deliver:start",
      ["around", 1],
      "handler",
      "report deliver:stop",
      "deliver:stop",
    ]);
    await (await enqueue(() => undefined, {}, metadata)).next();
    expect(reports.at(-2)).toMatchObject({ type: "deliver:start", ...metadata, lagMs: expect.any(Number) });
    expect(reports.at(-1)).toMatchObject({ type: "deliver:stop", ...metadata });
  });

  it("reports the outcome, how long it took and how long after the event", async () => {
    const delivery = await enqueue(() => undefined);
    await delivery.next();
    expect(reports.at(-1)).toEqual({
      type: "deliver:stop",
      worker: "worker-1",
      subscriber: delivery.subscriber.name,
      eventId: delivery.draft.id,
      eventName: "OrderPaid",
      aggregateType: null,
      aggregateKey: delivery.draft.aggregateKey,
      position: expect.any(Number),
      outcome: "delivered",
      attempt: 1,
      maxAttempts: 20,
      durationMs: expect.any(Number),
      lagMs: expect.any(Number),
    });
  });

  it("tries again after the backoff when the handler throws, with one job for that", async () => {
    const delivery = await enqueue(() => Promise.reject(new Error("no mail server")), {
      retry: { backoff: fixed(60_000) },
    });
    const outcome = await delivery.next();
    expect(outcome).toMatchObject({ state: "retrying", dueMs: 60_000 });
    const row = await delivery.row();
    expect(row).toMatchObject({ state: "retrying", attempts: 1, finishedAt: null });
    const { rows } = await pool.query<{ ms: number }>(
      "select extract(epoch from $1::timestamptz - clock_timestamp())::float8 * 1000 as ms",
      [row.dueAt],
    );
    expect(rows[0]?.ms).toBeGreaterThan(55_000);
    expect(rows[0]?.ms).toBeLessThanOrEqual(60_000);
    // The first job is the one that a worker holds and deletes.
    expect((await jobsOf(delivery.subscriber.name)).map(({ run_at }) => run_at)).toEqual([
      expect.any(Date),
      row.dueAt,
    ]);
  });

  it("waits longer each time, varied by jitter", async () => {
    const delivery = await enqueue(() => Promise.reject(new Error("no")), {
      retry: { backoff: exponential({ minMs: 1_000, factor: 10, jitter: 0.5 }) },
    });
    for (const minMs of [500, 5_000, 50_000]) {
      const outcome = await delivery.next();
      expect(outcome).toMatchObject({ state: "retrying" });
      const dueMs = "dueMs" in outcome ? outcome.dueMs : 0;
      expect(dueMs).toBeGreaterThanOrEqual(minMs);
      expect(dueMs).toBeLessThanOrEqual(minMs * 3);
    }
  });

  it("is dead after the last attempt, with the error of each attempt, and no job", async () => {
    let calls = 0;
    const delivery = await enqueue(
      () => {
        calls += 1;
        throw new TypeError(`failure ${calls}`);
      },
      { retry: { maxAttempts: 3, backoff: fixed(0) } },
    );
    const states = [
      (await delivery.next()).state,
      (await delivery.next()).state,
      (await delivery.next()).state,
    ];
    expect(states).toEqual(["retrying", "retrying", "dead"]);
    const row = await delivery.row();
    expect(row).toMatchObject({ state: "dead", attempts: 3, dueAt: null, finishedAt: expect.any(Date) });
    expect(row.errors).toEqual(
      [1, 2, 3].map((attempt) => ({
        attempt,
        name: "TypeError",
        message: `failure ${attempt}`,
        stack: expect.stringContaining("deliver.test.ts"),
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        worker: "worker-1",
      })),
    );
    expect(await delivery.due(new Date("9999-01-01"))).toBeUndefined();
    // One job for each attempt; a worker deletes each when it has run.
    expect(await jobsOf(delivery.subscriber.name)).toHaveLength(3);
    expect(reports.at(-1)).toMatchObject({ outcome: "dead", attempt: 3, error: { message: "failure 3" } });
  });

  it("falls back to the default delay when the backoff function fails, and says so", async () => {
    const delivery = await enqueue(() => Promise.reject(new Error("no")), {
      retry: {
        backoff: () => {
          throw new Error("my backoff is wrong");
        },
      },
    });
    const outcome = await delivery.next();
    expect(outcome).toMatchObject({ state: "retrying" });
    const failed = reports.filter(({ type }) => type === "backoff:error");
    expect(failed).toMatchObject([
      { subscriber: delivery.subscriber.name, error: { code: "INVALID_OPTION" } },
    ]);
  });

  it.each([
    ["undefined", undefined, { name: "undefined", message: "thrown: undefined" }],
    ["null", null, { name: "null", message: "thrown: null" }],
    ["a string", "boom", { name: "string", message: "boom" }],
    ["an object", { code: 7 }, { name: "Object", message: "code 7", code: 7 }],
    ["an error with a NUL character", new Error("a\0b"), { name: "Error", message: "a\ufffdb" }],
    [
      "an error without a message",
      new RangeError(),
      { name: "RangeError", message: "an error without a message" },
    ],
  ])("records %s that is thrown", async (_, thrown, expected) => {
    const delivery = await enqueue(() => Promise.reject(thrown));
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown });
    expect((await delivery.row()).errors).toMatchObject([expected]);
  });

  it.each(["WORKER_STOPPING", "DATABASE_UNREACHABLE", "SCHEMA_MISSING"] as const)(
    "counts an error of a handler's own that looks like %s of the worker's",
    async (code) => {
      const thrown = new EventBusError(code, "of a worker that the handler runs");
      const delivery = await enqueue(() => Promise.reject(thrown));
      expect(await delivery.next()).toMatchObject({ state: "retrying", thrown });
      const { attempts, errors } = await delivery.row();
      expect({ attempts, errors }).toMatchObject({ attempts: 1, errors: [{ name: "EventBusError", code }] });
    },
  );

  it.each(["08006", "25006", "25P02", "40001", "53300", "55P03", "57P01", "57P03", "EB001"])(
    "counts an error %s of a database of the handler's own",
    async (code) => {
      const delivery = await enqueue(() => Promise.reject(Object.assign(new Error("elsewhere"), { code })));
      expect(await delivery.next()).toMatchObject({ state: "retrying" });
      expect(await delivery.row()).toMatchObject({ attempts: 1, errors: [{ message: "elsewhere", code }] });
    },
  );

  it("records the code of what an error was caused by, by which it is found", async () => {
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const thrown = new TypeError("fetch failed", { cause: new AggregateError([refused]) });
    const delivery = await enqueue(() => Promise.reject(thrown));
    await delivery.next();
    const found = async (error: string) => {
      const filter = { subscriber: delivery.subscriber.name, error };
      return (await deliveries(pool, filter)).length;
    };
    expect(await Promise.all(["econnrefused", "fetch failed", "refused", "other"].map(found))).toEqual([
      1, 1, 1, 0,
    ]);
  });

  it("counts an event that cannot be decoded as a failed attempt", async () => {
    let called = false;
    const delivery = await enqueue(() => {
      called = true;
    });
    await pool.query(
      `update event_bus.events set types = '{"aggregate":{"orderId":"bytes"}}' where id = $1`,
      [delivery.draft.id],
    );
    expect(await delivery.next()).toMatchObject({
      state: "retrying",
      thrown: { code: "VALUE_NOT_READABLE" },
    });
    expect(called).toBe(false);
    expect(await delivery.row()).toMatchObject({
      attempts: 1,
      errors: [{ message: expect.stringContaining("OrderPaid.aggregate.orderId") }],
    });
  });
});
