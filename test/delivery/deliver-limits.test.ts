import { describe, expect, it } from "vitest";

import { branded } from "../../src/outbox/executor.js";
import { testDatabase } from "../support/database.js";
import { deliverFixture } from "./deliver-fixture.js";

const { pool } = await testDatabase();
const { enqueue, reports, executor } = deliverFixture(pool);

const never = () => new Promise<never>(() => undefined);

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

describe("timeoutMs", () => {
  it("ends an attempt whose handler never ends, and aborts its signal", async () => {
    let signal: AbortSignal | undefined;
    const delivery = await enqueue(
      (_, ctx) => {
        signal = ctx.signal;
        return never();
      },
      { timeoutMs: 50 },
    );
    expect(await delivery.next()).toMatchObject({ state: "retrying", thrown: { code: "HANDLER_TIMEOUT" } });
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toMatchObject({ code: "HANDLER_TIMEOUT" });
    expect(await delivery.row()).toMatchObject({
      state: "retrying",
      attempts: 1,
      errors: [{ name: "EventBusError", message: expect.stringContaining("50 ms") }],
    });
  });

  it("records the timeout, not what the handler throws because of it", async () => {
    const delivery = await enqueue(
      async (_, { signal }) => {
        await aborted(signal);
        throw new Error("the request was aborted");
      },
      { timeoutMs: 50 },
    );
    expect(await delivery.next()).toMatchObject({ thrown: { code: "HANDLER_TIMEOUT" } });
  });

  it("does not care what a handler that was left behind throws later", async () => {
    let end = () => {};
    const delivery = await enqueue(
      () =>
        new Promise((_, reject) => {
          end = () => reject(new Error("too late"));
        }),
      { timeoutMs: 50 },
    );
    await delivery.next();
    // An unhandled rejection would fail the test run.
    end();
    expect((await delivery.row()).errors).toHaveLength(1);
  });

  it("leaves a handler that ends in time alone", async () => {
    let signal: AbortSignal | undefined;
    const delivery = await enqueue(
      (_, ctx) => {
        signal = ctx.signal;
      },
      { timeoutMs: 10_000 },
    );
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(signal?.aborted).toBe(false);
  });
});

describe("the shutdown of the worker", () => {
  it("aborts the handler, and releases the delivery with all its attempts", async () => {
    const shutdown = new AbortController();
    let signal: AbortSignal | undefined;
    const delivery = await enqueue((_, ctx) => {
      signal = ctx.signal;
      shutdown.abort();
      return never();
    });
    const outcome = await delivery.next({ signal: shutdown.signal, graceMs: 20 });
    expect(outcome).toMatchObject({ state: "snoozed", dueMs: 0 });
    expect(signal?.reason).toMatchObject({ code: "WORKER_STOPPING" });
    expect(await delivery.row()).toMatchObject({ state: "snoozed", attempts: 0, errors: [] });
  });

  it("makes the delivery due for others at once", async () => {
    const delivery = await enqueue(() => undefined);
    expect(await delivery.next({ signal: AbortSignal.abort() })).toMatchObject({ state: "snoozed" });
    expect(await delivery.due()).toMatchObject({ attempts: 0, generation: 1 });
    expect(await delivery.next()).toEqual({ state: "delivered" });
    expect(await delivery.row()).toMatchObject({ state: "delivered", attempts: 1 });
  });

  it("takes it for delivered when the handler ends well during the grace", async () => {
    const shutdown = new AbortController();
    const delivery = await enqueue(async (_, { signal }) => {
      const told = aborted(signal);
      shutdown.abort();
      await told;
    });
    expect(await delivery.next({ signal: shutdown.signal, graceMs: 10_000 })).toEqual({ state: "delivered" });
  });

  it("does not blame the handler for what it throws because of the abort", async () => {
    const shutdown = new AbortController();
    const delivery = await enqueue(async (_, { signal }) => {
      shutdown.abort();
      signal.throwIfAborted();
    });
    expect(await delivery.next({ signal: shutdown.signal, graceMs: 10_000 })).toMatchObject({
      state: "snoozed",
    });
  });
});

describe("generations", () => {
  it("make a wake-up do nothing when the delivery was moved on since", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
    });
    const job = await delivery.due();
    if (job === undefined) throw new Error("nothing is due");
    expect(await delivery.deliver(job)).toEqual({ state: "delivered" });
    expect(await delivery.deliver(job)).toEqual({ state: "stale" });
    expect(calls).toBe(1);
    expect(await delivery.row()).toMatchObject({ generation: 1, attempts: 1 });
    expect(reports.at(-1)).toMatchObject({ outcome: "stale" });
  });

  it("let only the first of two zombies settle", async () => {
    let release = () => {};
    const handlers: Promise<void>[] = [];
    const delivery = await enqueue(() => {
      const handler = new Promise<void>((resolve) => {
        const before = release;
        release = () => {
          before();
          resolve();
        };
      });
      handlers.push(handler);
      return handler;
    });
    const job = await delivery.due();
    if (job === undefined) throw new Error("nothing is due");
    const both = [delivery.deliver(job), delivery.deliver(job)];
    await expect.poll(() => handlers.length).toBe(2);
    release();
    const states = (await Promise.all(both)).map(({ state }) => state);
    expect(states.sort()).toEqual(["delivered", "stale"]);
    expect(await delivery.row()).toMatchObject({ generation: 1, attempts: 1 });
  });

  it("make a delivery of an event that is gone do nothing", async () => {
    const delivery = await enqueue(() => undefined);
    const job = await delivery.due();
    if (job === undefined) throw new Error("nothing is due");
    await pool.query("delete from event_bus.events where id = $1", [delivery.draft.id]);
    expect(await delivery.deliver(job)).toEqual({ state: "stale" });
  });
});

describe("a database out of reach", () => {
  it("makes deliver throw when the outcome cannot be recorded", async () => {
    const delivery = await enqueue(() => undefined);
    let statements = 0;
    const failing = branded((sql, values) => {
      statements += 1;
      if (statements > 1) throw new Error("Connection terminated unexpectedly");
      return executor.query(sql, values) as never;
    });
    await expect(delivery.next({ executor: failing })).rejects.toThrow("Connection terminated");
    expect(await delivery.row()).toMatchObject({ state: "waiting", attempts: 0 });
  });

  it("is waited for, so that a handler that has run does not run again", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
    });
    let failures = 3;
    const flaky = branded(async (sql, values) => {
      if (/settle|\.deliver\(/.test(sql) && failures-- > 0)
        throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
      return (await executor.query(sql, values)) as never;
    });
    expect(await delivery.next({ executor: flaky, patienceMs: 10_000 })).toEqual({ state: "delivered" });
    expect([calls, failures]).toEqual([1, -1]);
  });

  it.each([
    ["a connection that pg lost", () => new Error("Connection terminated unexpectedly")],
    ["a connection that took too long", () => new Error("timeout exceeded when trying to connect")],
    ["a server that is not there", () => Object.assign(new Error("no"), { errno: -111, syscall: "connect" })],
    [
      "several addresses that do not answer",
      () => new AggregateError([Object.assign(new Error(), { errno: -111 })]),
    ],
    ["a server that shuts down", () => Object.assign(new Error("shutting down"), { code: "57P01" })],
  ])("is waited for after %s", async (_, error) => {
    const delivery = await enqueue(() => undefined);
    let failures = 1;
    const flaky = branded(async (sql, values) => {
      if (failures-- > 0) throw error();
      return (await executor.query(sql, values)) as never;
    });
    expect(await delivery.next({ executor: flaky, patienceMs: 10_000 })).toEqual({ state: "delivered" });
  });

  it("records the outcome when the server takes writes again, without calling the handler twice", async () => {
    let calls = 0;
    let refusals = 0;
    const delivery = await enqueue(() => {
      calls += 1;
      throw new Error("no");
    });
    const client = await pool.connect();
    const replica = branded(async (sql, values) => {
      if (!sql.includes(".settle(") || refusals === 3) return (await client.query(sql, [...values])).rows;
      refusals += 1;
      await client.query("begin read only");
      return client.query(sql, [...values]).then(
        ({ rows }) => rows,
        async (error: unknown) => {
          await client.query("rollback");
          throw error;
        },
      );
    });
    try {
      const outcome = await delivery.next({ executor: replica, patienceMs: 60_000 });
      expect({ ...outcome, calls, refusals }).toMatchObject({ state: "retrying", calls: 1, refusals: 3 });
      expect(await delivery.row()).toMatchObject({ attempts: 1, errors: [{ message: "no" }] });
    } finally {
      client.release(true);
    }
  });

  it("is not what a mistake in a program means: that is thrown at once", async () => {
    const delivery = await enqueue(() => undefined);
    let statements = 0;
    const broken = branded(() => {
      statements += 1;
      throw new TypeError("rows is not iterable");
    });
    await expect(delivery.next({ executor: broken, patienceMs: 5_000 })).rejects.toThrow("not iterable");
    expect(statements).toBe(1);
  });

  it("is not waited for any more when the worker has stopped", async () => {
    const delivery = await enqueue(() => undefined);
    const ended = new AbortController();
    let statements = 0;
    const gone = branded(() => {
      statements += 1;
      if (statements === 2) ended.abort();
      throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    });
    const outcome = delivery.next({ executor: gone, patienceMs: 600_000, ended: ended.signal });
    await expect(outcome).rejects.toThrow("reset");
    expect(statements).toBe(2);
  });

  it("is not waited for when the statement itself is refused", async () => {
    const delivery = await enqueue(() => undefined);
    const refused = branded(() => {
      throw Object.assign(new Error("permission denied"), { code: "42501" });
    });
    await expect(delivery.next({ executor: refused, patienceMs: 600_000 })).rejects.toThrow(
      "permission denied",
    );
  });
});

describe("an event that the subscriber does not handle", () => {
  it("waits for a worker whose subscriber does, longer each time and without using up attempts", async () => {
    let calls = 0;
    const delivery = await enqueue(() => {
      calls += 1;
    });
    await pool.query("update event_bus.events set name = 'OrderShipped' where id = $1", [delivery.draft.id]);
    await pool.query(
      `update event_bus.subscriptions s set event_name = e.name from event_bus.events e
        where e.id = $1 and s.id = any (e.fanout)`,
      [delivery.draft.id],
    );
    const first = await delivery.next();
    expect(first).toMatchObject({ state: "snoozed", thrown: { code: "UNKNOWN_EVENT" } });
    const second = await delivery.next();
    expect("dueMs" in second && "dueMs" in first && second.dueMs > first.dueMs).toBe(true);
    expect(calls).toBe(0);
    expect(await delivery.row()).toMatchObject({ state: "snoozed", attempts: 0 });
  });
});
