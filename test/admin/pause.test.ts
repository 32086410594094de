import pg from "pg";
import { describe, expect, it } from "vitest";

import { pause, resume, subscribersOf } from "../../src/admin.js";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { executorOf } from "../../src/outbox/executor.js";
import { publishEvents } from "../../src/outbox/publish-events.js";
import { synchroniseSubscriptions } from "../../src/outbox/subscriptions.js";
import { fixed } from "../../src/registry/backoff.js";
import { drain, subscribe } from "../../src/testing.js";
import { eventually } from "../support/eventually.js";
import { Ping } from "../worker/ping.js";
import { gate, workerFixture } from "../worker/worker-fixture.js";

const { pool, url, executor, names, subscriber, start, publish, deliveries, allIn, jobs } =
  await workerFixture();

const statesOf = async (name: string) => (await deliveries(name)).map(({ state }) => state);

describe("pause", () => {
  it("holds back what is published, without a job, and lets other subscribers go on", async () => {
    const made: number[] = [];
    const held = subscriber("held", (event) => void made.push(event.aggregate.n));
    const other = subscriber("other", () => undefined);
    await start([held, other]);
    expect(await pause(pool, "held")).toBe(true);
    expect(await pause(pool, "held")).toBe(false);
    expect((await subscribersOf(pool, Ping)).map(({ isPaused }) => isPaused)).toEqual([true, false]);
    expect((await publish(3)).deliveries).toBe(6);
    await publish(1);
    await allIn("delivered", 4);
    expect(await statesOf("held")).toEqual(["paused", "paused", "paused", "paused"]);
    // A job goes after its outcome is on record.
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(made).toEqual([]);
  });

  it("waits for who subscribes it to another event at the same time", async () => {
    await subscribe({ client: pool, subscribers: [subscriber("held", () => undefined)] });
    await pause(pool, "held");
    const client = await pool.connect();
    try {
      await client.query("begin");
      const more = [{ event: "Pong", subscriber: "held", priority: 0, delayMs: 0, policy: {} }];
      await synchroniseSubscriptions(executorOf(client), names, "default", more);
      const resumed = resume(pool, "held");
      await eventually(async () => {
        const { rows } = await pool.query("select from pg_locks where locktype = 'advisory' and not granted");
        expect(rows).toHaveLength(1);
      });
      await client.query("commit");
      await resumed;
    } finally {
      client.release();
    }
    const { rows } = await pool.query("select paused from event_bus.subscriptions");
    expect(rows).toEqual([{ paused: false }, { paused: false }]);
  });

  it("holds back what was published before, and what is retried, while a worker runs", async () => {
    let calls = 0;
    const opened = gate();
    const held = subscriber(
      "held",
      async (event) => {
        calls += 1;
        await opened.opened;
        if (event.aggregate.n === 1) throw new Error("no");
      },
      { retry: { backoff: fixed(10) } },
    );
    await start([held], { worker: { concurrency: 2 } });
    await publish(5);
    await eventually(() => expect(calls).toBe(2));
    await pause(pool, "held");
    opened.open();
    // Those that ran have ended, the others and the retry are held back.
    await allIn("paused", 4);
    expect((await deliveries("held")).map(({ state, attempts }) => [state, attempts])).toEqual([
      ["paused", 1],
      ["delivered", 1],
      ["paused", 0],
      ["paused", 0],
      ["paused", 0],
    ]);
    expect(calls).toBe(2);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it("is known to drain", async () => {
    const held = subscriber("held", () => undefined);
    await subscribe({ client: pool, subscribers: [held] });
    await publish(1);
    await pause(pool, "held");
    await publish(1);
    expect(await drain({ client: pool, subscribers: [held] })).toMatchObject({ delivered: 0 });
    await resume(pool, "held");
    expect(await drain({ client: pool, subscribers: [held] })).toMatchObject({ delivered: 2 });
  });

  it("applies to events that are subscribed to later", async () => {
    await subscribe({ client: pool, subscribers: [subscriber("held", () => undefined)] });
    await pause(pool, "held");
    await pool.query("update event_bus.subscriptions set event_name = 'Other'");
    await subscribe({ client: pool, subscribers: [subscriber("held", () => undefined)] });
    expect(await subscribersOf(pool, Ping)).toMatchObject([{ subscriber: "held", isPaused: true }]);
  });

  it("names a subscriber that is like the one that there is not", async () => {
    await subscribe({ client: pool, subscribers: [subscriber("send-mail", () => undefined)] });
    await expect(pause(pool, "send-mial")).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message:
        'subscriber in pause() is "send-mial", which the database does not know: did you mean "send-mail"?',
    });
    await expect(resume(pool, "x")).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("resume", () => {
  it("wakes everything in the order of the events, once, in batches", async () => {
    const made: number[] = [];
    const held = subscriber("held", (event) => void made.push(event.aggregate.n));
    await subscribe({ client: pool, subscribers: [held] });
    // Half of them have jobs, of which the worker will find that they are paused; half have none.
    await publish(10);
    await pause(pool, "held");
    await publish(10);
    await start([held], { worker: { concurrency: 1 } });
    await allIn("paused", 20);
    await eventually(async () => expect(await jobs()).toEqual([]));
    const progress: number[] = [];
    const result = await resume(pool, "held", {
      batchSize: 8,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(result).toEqual({ resumed: true, woken: 20 });
    expect(progress).toEqual([8, 16, 20]);
    await allIn("delivered", 20);
    const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(made).toEqual([...order, ...order]);
    expect(await resume(pool, "held")).toEqual({ resumed: false, woken: 0 });
  });

  it("adds no wake-up to what has one", async () => {
    const held = subscriber("held", () => undefined);
    await subscribe({ client: pool, subscribers: [held] });
    await publish(2);
    await pause(pool, "held");
    await publish(1);
    expect(await resume(pool, "held")).toEqual({ resumed: true, woken: 1 });
    expect(await jobs()).toHaveLength(3);
    expect(await statesOf("held")).toEqual(["waiting", "waiting", "waiting"]);
  });

  it("keeps the attempts and the delay that there were", async () => {
    const held = subscriber("held", () => Promise.reject(new Error("no")), {
      retry: { maxAttempts: 3, backoff: fixed(0) },
    });
    const later = subscriber("later", () => undefined, { delayMs: 3_600_000 });
    const worker = await start([held, later]);
    await pause(pool, "later");
    await publish(1);
    await allIn("dead", 1);
    await worker.worker.stop();
    await pool.query("update event_bus.deliveries set state = 'paused', attempt = 2 where state = 'dead'");
    await resume(pool, "held");
    await resume(pool, "later");
    expect(await deliveries()).toMatchObject([
      { subscriber: "held", state: "retrying", attempts: 2 },
      { subscriber: "later", state: "waiting", dueAt: expect.any(Date) },
    ]);
    const { rows } = await pool.query(
      "select (extract(epoch from run_at - now()) / 60)::integer as minutes from graphile_worker.jobs order by run_at",
    );
    expect(rows).toEqual([{ minutes: 0 }, { minutes: 60 }]);
  });

  it("can be interrupted and repeated", async () => {
    const held = subscriber("held", () => undefined);
    await subscribe({ client: pool, subscribers: [held] });
    await pause(pool, "held");
    await publish(5);
    const stop = new AbortController();
    const first = await resume(pool, "held", {
      batchSize: 2,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(first).toEqual({ resumed: true, woken: 2 });
    expect(await resume(pool, "held")).toEqual({ resumed: false, woken: 3 });
    expect(await jobs()).toHaveLength(5);
  });

  it("leaves nothing behind that a publisher held back who had not seen it yet", async () => {
    const held = subscriber("held", () => undefined);
    await start([held]);
    await pause(pool, "held");
    const late = new pg.Client({ connectionString: url });
    await late.connect();
    try {
      await late.query("begin");
      await publishEvents(
        { query: async (sql, values = []) => (await late.query(sql, [...values])).rows },
        names,
        [encodeEvent(Ping({ n: 1 }), { maxEventBytes: 1_000 })],
      );
      expect(await resume(executor, "held")).toEqual({ resumed: true, woken: 0 });
      await late.query("commit");
    } finally {
      await late.end();
    }
    await allIn("delivered", 1);
  });
});
