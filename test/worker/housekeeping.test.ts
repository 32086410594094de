import { describe, expect, it } from "vitest";

import { pause, status, unsubscribe } from "../../src/admin.js";
import { subscribe } from "../../src/testing.js";
import { countActivity } from "../../src/worker/activity.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, subscriber, start, publish, allIn } = await workerFixture();
const own = subscriber("own", () => undefined);

const doneAt = async (name: string) =>
  (await pool.query("select done_at::text as at from event_bus.maintenance where name = $1", [name])).rows[0]
    ?.at;

describe("a worker", () => {
  it("deletes what is older than the retention, and says so", async () => {
    const { of } = await start([own], { retention: { default: 0, intervalMs: 100 } });
    await publish(3);
    await eventually(async () => {
      expect((await pool.query("select from event_bus.events")).rowCount).toBe(0);
    });
    expect((await pool.query("select from event_bus.deliveries")).rowCount).toBe(0);
    await eventually(() => {
      const deleted = of("prune:stop").reduce((sum, { events }) => sum + events, 0);
      expect(deleted).toBe(3);
    });
    expect(of("prune:start").length).toBeGreaterThanOrEqual(of("prune:stop").length);
  });

  it("deletes nothing that another application, which gets it too, keeps for longer", async () => {
    const other = await start([subscriber("other", () => undefined)], {
      application: "archive",
      retention: { events: { Ping: false }, intervalMs: 100 },
    });
    await publish(1);
    await allIn("delivered", 1);
    await pool.query("delete from event_bus.maintenance");
    const { of } = await start([own], { retention: { default: 0, intervalMs: 100 } });
    await eventually(() => expect(of("prune:stop").length).toBeGreaterThan(0));
    expect((await pool.query("select from event_bus.events")).rowCount).toBe(1);
    await other.worker.stop();
    await unsubscribe(pool, "other");
    await eventually(async () => {
      expect((await pool.query("select from event_bus.events")).rowCount).toBe(0);
    });
  });

  it("wakes what was held back, although checkpoints cannot be moved", async () => {
    await pool.query(
      "create or replace function event_bus.advance_checkpoints(most integer default 10000) returns void language plpgsql as $$ begin raise exception 'too slow'; end $$",
    );
    try {
      await subscribe({ client: pool, subscribers: [own] });
      await pause(pool, "own");
      await publish(1);
      await pool.query("update event_bus.subscriptions set paused = false");
      await pool.query("delete from event_bus.maintenance");
      const { of } = await start([own]);
      await allIn("delivered", 1);
      await eventually(() => expect(of("housekeeping:error")).toHaveLength(1));
    } finally {
      await pool.query(
        "create or replace function event_bus.advance_checkpoints(most integer default 10000) returns void language plpgsql as $$ begin end $$",
      );
    }
  });

  it("is one of several that look for what is old: once in each interval, whoever comes first", async () => {
    await pool.query("delete from event_bus.maintenance");
    const both = [await start([own]), await start([own])];
    await eventually(async () => expect(await doneAt("prune")).toBeDefined());
    const at = await doneAt("prune");
    const pruned = () => both.flatMap(({ of }) => of("prune:start")).length;
    expect(pruned()).toBe(1);
    // The next look for what was held back comes later than the next one for what is old would.
    const doneBefore = await doneAt("subscriptions");
    await eventually(async () => expect(await doneAt("subscriptions")).not.toBe(doneBefore));
    expect([pruned(), await doneAt("prune")]).toEqual([1, at]);
  });

  it("reports deliveries for which no worker that runs has a handler, and their state shows it", async () => {
    await subscribe({ client: pool, subscribers: [subscriber("gone", () => undefined)] });
    await publish(1);
    await pool.query("update event_bus.events set occurred_at = now() - interval '2 minutes'");
    await pool.query("delete from event_bus.maintenance");
    const { of } = await start([own]);
    await eventually(() => {
      expect(of("subscribers:orphaned")).toMatchObject([{ subscribers: ["gone"] }]);
    });
    expect((await status(pool)).subscribers).toMatchObject([
      { subscriber: "gone", waiting: 1, workers: 0, isOrphaned: true },
      { subscriber: "own", waiting: 0, workers: 1, isOrphaned: false },
    ]);
  });

  it("says with its heartbeat what it does", async () => {
    const opened = gate();
    await start([subscriber("slow", (event) => (event.aggregate.n === 1 ? undefined : opened.opened))]);
    await publish(3);
    await eventually(async () => {
      const { subscribers, workers } = await status(pool);
      expect(subscribers).toMatchObject([
        { subscriber: "slow", waiting: 2, running: 2, deliveredPerMinute: 1 },
      ]);
      expect(workers).toMatchObject([
        {
          running: 2,
          deliveredPerMinute: 1,
          subscribers: ["slow"],
          pid: process.pid,
          name: expect.stringContaining(`-${process.pid}-`),
        },
      ]);
    });
    opened.open();
    await allIn("delivered", 3);
    await eventually(async () => {
      expect((await status(pool)).subscribers).toMatchObject([
        { waiting: 0, running: 0, deliveredPerMinute: 3 },
      ]);
    });
  });

  it("forgets workers that are gone for a day, of whatever schema they were", async () => {
    await pool.query("delete from event_bus.maintenance");
    // As if it had been silent for two days: the time before the server started does not count.
    await pool.query(
      `insert into event_bus.workers (id, application, worker_schema, version, schema_version, host, pid, dead_after_ms)
       values ('old', 'app', 'other_worker', '1', 1, 'here', 1, -172800000),
              ('quiet', 'app', 'other_worker', '1', 1, 'here', 1, 1)`,
    );
    await start([own]);
    const others = () => pool.query("select id from event_bus.workers where application = 'app'");
    await eventually(async () => expect((await others()).rows).toEqual([{ id: "quiet" }]));
  });
});

describe("countActivity", () => {
  it("counts what runs, and what was delivered in the last minute", () => {
    let now = 0;
    const { report, now: activity } = countActivity(() => now);
    const delivery = { subscriber: "a", eventId: "1" } as never as object;
    const start = () => report({ type: "deliver:start", ...delivery } as never);
    const stop = (outcome: string) => report({ type: "deliver:stop", outcome, ...delivery } as never);
    expect(activity()).toEqual({});
    start();
    start();
    expect(activity()).toEqual({ a: { running: 2, delivered: 0 } });
    stop("delivered");
    stop("retrying");
    expect(activity()).toEqual({ a: { running: 0, delivered: 1 } });
    now = 59;
    start();
    stop("delivered");
    expect(activity()).toEqual({ a: { running: 0, delivered: 2 } });
    now = 60;
    expect(activity()).toEqual({ a: { running: 0, delivered: 1 } });
    start();
    report({ type: "deliver:error", ...delivery } as never);
    // One that was never begun.
    report({ type: "deliver:error", subscriber: "a" } as never);
    now = 200;
    expect(activity()).toEqual({});
  });
});
