import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { hearsNotifications } from "../../src/outbox/hears-notifications.js";
import { migrate } from "../../src/worker/migrate.js";
import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { skipWithout } from "../support/left-out.js";
import { findBouncer, NO_BOUNCER, startBouncer } from "./pgbouncer.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, names, options, subscriber, start, publish, allIn, deliveries, jobs, workerRows } =
  await workerFixture();

const one = () => subscriber("one", () => undefined);

describe("a worker that is told not to listen", () => {
  const database = { url, ...names, listen: false };

  it("polls, without a connection that listens, and without being held for deaf", async () => {
    const { of, worker } = await start([one()], {
      database,
      worker: { pollIntervalMs: 50, heartbeatMs: 100 },
    });
    expect(of("worker:start")).toMatchObject([{ listens: false }]);
    expect(of("worker:polling")).toEqual([]);
    await publish();
    await allIn("delivered", 1);
    const beats = await pool.query("select heartbeat_at::text as at from event_bus.workers");
    await eventually(async () => {
      const { rows } = await pool.query(
        "select heartbeat_at > $1::timestamptz + interval '1 s' as later, awaits_jobs from event_bus.workers",
        [beats.rows[0].at],
      );
      expect(rows).toEqual([{ later: true, awaits_jobs: false }]);
    });
    const { rows } = await pool.query(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and query ilike 'listen%'",
    );
    expect(rows).toEqual([{ n: 0 }]);
    expect(of("recover:start")).toEqual([]);
    await worker.stop();
    expect(of("worker:aborting")).toEqual([]);
  });

  it("is listening when it is not told so", async () => {
    const { of } = await start([one()]);
    expect(of("worker:start")).toMatchObject([{ listens: true }]);
    expect(of("worker:polling")).toEqual([]);
  });
});

describe("hearsNotifications", () => {
  it("tells a way that drops notifications from one that does not", async () => {
    const listener = await pool.connect();
    expect(await hearsNotifications(listener, pool, 5_000)).toBe(true);
    const others = { on: listener.on.bind(listener), query: () => pool.query("select 1") };
    expect(await hearsNotifications(others, pool, 50)).toBe(false);
    listener.release();
  });
});

describe("PgBouncer in transaction mode", async () => {
  const bouncer = findBouncer() === undefined ? undefined : await startBouncer(url);
  beforeEach((context) => skipWithout(context, bouncer !== undefined, NO_BOUNCER));
  afterAll(() => bouncer?.stop());
  const database = { url: bouncer?.url ?? "", ...names };

  it("lets a worker work, which finds out by itself that it has to poll", async () => {
    const { of, worker } = await start([one()], {
      database,
      worker: { pollIntervalMs: 50, heartbeatMs: 100 },
    });
    expect(of("worker:polling")).toMatchObject([{ pollIntervalMs: 50 }]);
    await publish(300);
    await allIn("delivered", 300);
    expect(await deliveries()).toEqual(
      Array.from({ length: 300 }, () => expect.objectContaining({ attempts: 1, errors: [] })),
    );
    expect(of("recover:start")).toEqual([]);
    await worker.stop();
    expect(await workerRows()).toEqual([]);
    expect(await jobs()).toEqual([]);
  });

  it("lets runOnce and migrate work", async () => {
    await migrate(options([one()], { database }));
    await publish(20);
    expect(await runOnce(options([one()], { database }))).toMatchObject({ delivered: 20, retrying: 0 });
  });

  it("is not needed by a worker that has a direct URL", async () => {
    const { of } = await start([one()], { database: { ...database, directUrl: url } });
    expect(of("worker:start")).toMatchObject([{ listens: true }]);
  });
});
