import { describe, expect, it } from "vitest";

import { discard, pause, redrive, resume } from "../../src/admin.js";
import { drain, subscribe } from "../../src/testing.js";
import { workerFixture } from "../worker/worker-fixture.js";

const { pool, subscriber, start, publish, deliveries, allIn, jobs } = await workerFixture();

const once = { retry: { maxAttempts: 1 } };
const fails = subscriber("fails", (event) => Promise.reject(new Error(`no ${event.aggregate.n}`)), once);
const breaks = subscriber("breaks", () => Promise.reject(new TypeError("x is not a function")), once);

/** Events 1, 2, …, each dead for both subscribers. */
const makeDead = async (count: number) => {
  await subscribe({ client: pool, subscribers: [fails, breaks] });
  const { events } = await publish(count);
  await drain({ client: pool, subscribers: [fails, breaks] });
  await pool.query("delete from graphile_worker._private_jobs");
  return events;
};
const dead = async () =>
  (await deliveries())
    .filter(({ state }) => state === "dead")
    .map((one) => `${one.subscriber} ${one.position}`);

describe("redrive", () => {
  it("gives dead deliveries all their attempts anew, in the order of their events, and keeps their errors", async () => {
    await makeDead(3);
    expect(await redrive(pool, { subscriber: "fails" })).toEqual({ matched: 3, redriven: 3 });
    expect(
      (await deliveries("fails")).map(({ state, attempts, generation, errors }) => [
        state,
        attempts,
        generation,
        errors.length,
      ]),
    ).toEqual(Array(3).fill(["waiting", 0, 2, 1]));
    expect(await jobs()).toHaveLength(3);
    const made: number[] = [];
    const mended = subscriber("fails", (event) => void made.push(event.aggregate.n));
    await start([mended], { worker: { concurrency: 1 } });
    await allIn("delivered", 3);
    expect(made).toEqual([1, 2, 3]);
    expect(await deliveries("fails")).toMatchObject([
      {
        attempts: 1,
        errors: [{ message: "no 1", stack: expect.any(String), at: expect.any(String), worker: "drain" }],
      },
      {},
      {},
    ]);
    expect(await redrive(pool, { subscriber: "fails" })).toEqual({ matched: 0, redriven: 0 });
  });

  it("takes and counts those of an aggregate alone", async () => {
    await makeDead(3);
    expect(await redrive(pool, { aggregateType: "User", aggregateKey: "2" })).toMatchObject({ matched: 0 });
    expect(await redrive(pool, { aggregateKey: "2" })).toEqual({ matched: 2, redriven: 2 });
    expect(await discard(pool, { aggregateKey: "3" }, { reason: "x" })).toEqual({ matched: 2, discarded: 2 });
    expect(
      (await deliveries()).map(({ aggregateKey, state, reason }) => [aggregateKey, state, reason]),
    ).toEqual([
      ...Array(2).fill(["1", "dead", null]),
      ...Array(2).fill(["2", "waiting", null]),
      ...Array(2).fill(["3", "cancelled", "x"]),
    ]);
  });

  it("counts the attempts and the errors of a second death on top", async () => {
    await makeDead(1);
    await redrive(pool);
    await drain({ client: pool, subscribers: [fails] });
    expect(await deliveries("fails")).toMatchObject([
      { state: "dead", attempts: 1, errorCount: 2, errors: [{ attempt: 1 }, { attempt: 1 }] },
    ]);
  });

  it("lets a delivery whose process died again and again run together with others again", async () => {
    await makeDead(1);
    await pool.query("update event_bus.deliveries set deaths = 3");
    await redrive(pool);
    const { rows } = await pool.query("select deaths from event_bus.deliveries");
    expect(rows).toEqual([{ deaths: 0 }, { deaths: 0 }]);
  });

  it("takes what fits, by id, event, subscriber, error and time", async () => {
    const events = await makeDead(3);
    const [first, second, third] = events as [
      { id: string; position: number },
      { id: string; position: number },
      { id: string; position: number },
    ];
    const count = async (filter: Parameters<typeof redrive>[1]) =>
      (await redrive(pool, filter, { dryRun: true })).matched;
    expect(await count({})).toBe(6);
    expect(await count({ eventId: second.id })).toBe(2);
    expect(await count({ eventId: [first.id, third.id], subscriber: "fails" })).toBe(2);
    expect(await count({ position: third.position })).toBe(2);
    expect(await count({ event: "Ping" })).toBe(6);
    expect(await count({ event: ["Pong"] })).toBe(0);
    expect(await count({ subscriber: ["breaks", "nobody"] })).toBe(3);
    expect(await count({ error: "NO 2" })).toBe(1);
    expect(await count({ error: "TypeError: x is" })).toBe(3);
    expect(await count({ error: "100%" })).toBe(0);
    await pool.query(
      "update event_bus.deliveries set finished_at = '2026-01-01T12:00:00Z' where position = $1",
      [first.position],
    );
    expect(
      await count({ since: new Date("2026-01-01T12:00:00Z"), until: new Date("2026-01-01T12:00:01Z") }),
    ).toBe(2);
    expect(await count({ since: new Date("2026-01-01T12:00:01Z") })).toBe(4);
    expect(await count({ until: new Date("2026-01-01T12:00:00Z") })).toBe(0);
    expect(await dead()).toHaveLength(6);
    expect(await redrive(pool, { error: "no 2" })).toEqual({ matched: 1, redriven: 1 });
    expect(await dead()).not.toContain(`fails ${second.position}`);
  });

  it("works in batches, can be interrupted, and goes on when it is repeated", async () => {
    await makeDead(25);
    const stop = new AbortController();
    const progress: unknown[] = [];
    const first = await redrive(
      pool,
      {},
      {
        batchSize: 10,
        signal: stop.signal,
        onProgress: (one) => {
          progress.push(one);
          if (one.done === 20) stop.abort();
        },
      },
    );
    expect(first).toEqual({ matched: 50, redriven: 20 });
    expect(progress).toEqual([
      { done: 10, total: 50 },
      { done: 20, total: 50 },
    ]);
    // From the first event on, whoever it is for.
    const redriven = (await deliveries()).filter(({ state }) => state === "waiting");
    expect(new Set(redriven.map(({ position }) => position)).size).toBe(10);
    expect(await redrive(pool)).toEqual({ matched: 30, redriven: 30 });
    expect(await jobs()).toHaveLength(50);
    expect(await dead()).toEqual([]);
  });

  it("leaves what somebody else works on, and two at once redrive each delivery once", async () => {
    await makeDead(20);
    const results = await Promise.all([1, 2, 3].map(() => redrive(pool, {}, { batchSize: 3 })));
    const total = results.reduce((sum, { redriven }) => sum + redriven, 0);
    expect(total + (await redrive(pool)).redriven).toBe(40);
    expect(await jobs()).toHaveLength(40);
  });

  it("keeps what is for a paused subscriber until that is resumed", async () => {
    await makeDead(2);
    await pause(pool, "fails");
    expect(await redrive(pool)).toEqual({ matched: 4, redriven: 4 });
    expect((await deliveries("fails")).map(({ state }) => state)).toEqual(["paused", "paused"]);
    expect(await jobs()).toHaveLength(2);
    expect(await resume(pool, "fails")).toEqual({ resumed: true, woken: 2 });
    expect(await jobs()).toHaveLength(4);
  });

  it("happens in the transaction of its client", async () => {
    await makeDead(1);
    const client = await pool.connect();
    await client.query("begin");
    expect(await redrive(client)).toMatchObject({ redriven: 2 });
    await client.query("rollback");
    client.release();
    expect(await dead()).toHaveLength(2);
    expect(await jobs()).toEqual([]);
  });
});

describe("discard", () => {
  it("ends dead deliveries as cancelled, with the reason, and keeps their errors", async () => {
    await makeDead(2);
    const reason = "sent by hand";
    expect(await discard(pool, { subscriber: "fails" }, { reason, dryRun: true })).toEqual({
      matched: 2,
      discarded: 0,
    });
    expect(await discard(pool, { subscriber: "fails" }, { reason })).toEqual({ matched: 2, discarded: 2 });
    expect(await deliveries("fails")).toMatchObject(
      Array(2).fill({
        state: "cancelled",
        reason,
        generation: 2,
        finishedAt: expect.any(Date),
        errors: [{ attempt: 1 }],
      }),
    );
    expect(await dead()).toHaveLength(2);
  });

  it("ends open deliveries too where they are asked for, and no worker makes them any more", async () => {
    let calls = 0;
    const gone = subscriber("gone", () => {
      calls += 1;
    });
    const stays = subscriber("stays", () => undefined);
    await subscribe({ client: pool, subscribers: [gone, stays] });
    await publish(3);
    expect(await discard(pool, { subscriber: "gone" }, { reason: "gone" })).toMatchObject({ matched: 0 });
    const result = await discard(
      pool,
      { subscriber: "gone", state: ["waiting", "dead"] },
      { reason: "gone", batchSize: 2 },
    );
    expect(result).toEqual({ matched: 3, discarded: 3 });
    await start([gone, stays]);
    await allIn("delivered", 3);
    expect(calls).toBe(0);
    expect((await deliveries("gone")).map(({ state }) => state)).toEqual(Array(3).fill("cancelled"));
  });
});

describe("what is given", () => {
  const wrong = (value: object) => value as never;
  it.each([
    [
      () => redrive(pool, wrong({ subscribers: "x" })),
      'unknown option "filter.subscribers" in redrive(): did you mean "subscriber"?',
    ],
    [
      () => redrive(pool, {}, wrong({ dryrun: true })),
      'unknown option "dryrun" in redrive(): did you mean "dryRun"?',
    ],
    [
      () => redrive(pool, {}, { batchSize: 0 }),
      "batchSize in redrive() is 0: expected a whole number from 1 to 10000",
    ],
    [
      () => redrive(pool, { eventId: "7" }),
      'filter.eventId in redrive() is "7": expected the id of an event, a UUID',
    ],
    [
      () => redrive(pool, { since: new Date("x") }),
      "filter.since in redrive() is an invalid Date: expected a valid Date of the years 1 to 9999",
    ],
    [() => discard(pool, {}, { reason: " " }), 'reason in discard() is " ": expected a text'],
    [
      () => discard(pool, { state: wrong(["delivered"]) }, { reason: "x" }),
      'filter.state in discard() is "delivered": expected one of waiting, retrying, snoozed, paused, dead',
    ],
  ])("is checked, and nothing is done: %o", async (call, message) => {
    await makeDead(1);
    await expect(call()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(message),
    });
    expect(await dead()).toHaveLength(2);
  });
});
