import { describe, expect, it } from "vitest";

import { pause, redrive, resume } from "../../src/admin.js";
import { migrate } from "../../src/worker/migrate.js";
import { eventually } from "../support/eventually.js";
import { FAST, gate, workerFixture } from "./worker-fixture.js";

const { pool, url, subscriber, start, publish, deliveries, allIn, jobs } = await workerFixture();

const noJobs = () => eventually(async () => expect(await jobs()).toEqual([]));

describe.each(["normal", "high"] as const)('workers with throughput "%s"', (throughput) => {
  const worker = { ...FAST, concurrency: 4, throughput };
  const quick = { retry: { maxAttempts: 2, backoff: () => 5 } };

  /** A subscriber that the database knows, and what it was called with. */
  const known = async () => {
    const seen: number[] = [];
    const one = subscriber("one", (event) => void seen.push(event.aggregate.n), quick);
    await (await start([one], { worker })).worker.stop();
    return { one, seen };
  };

  it("go on beside jobs that somebody's transaction has locked, and make those afterwards", async () => {
    const { one, seen } = await known();
    await publish(40);
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select from graphile_worker._private_jobs order by id limit 15 for update");
    await start([one], { worker });
    await allIn("delivered", 25);
    expect(Math.min(...seen)).toBe(16);
    await client.query("commit");
    client.release();
    await allIn("delivered", 40);
    expect(seen).toHaveLength(40);
    await noJobs();
  });

  it("refuse jobs that name a delivery of another subscriber, and make that delivery by its own handler", async () => {
    const { one, seen } = await known();
    const others: number[] = [];
    const two = subscriber("two", (event) => void others.push(event.aggregate.n), quick);
    await (await start([two], { worker })).worker.stop();
    await publish(20);
    // Before the real ones, beside them and after them.
    for (const more of [
      "priority => -5",
      "priority => 0",
      "priority => 5, run_at => now() + interval '1 second'",
    ])
      await pool.query(`
        select graphile_worker.add_job('event_bus:one', json_build_object('p', e.position, 's', s.id, 'g', 0, 'a', 0), ${more})
          from event_bus.events e, event_bus.subscriptions s where s.subscriber = 'two'`);
    const { of } = await start([one, two], { worker });
    await allIn("delivered", 40);
    await noJobs();
    const all = Array.from({ length: 20 }, (_, n) => n + 1);
    expect([seen, others].map((some) => some.toSorted((a, b) => a - b))).toEqual([all, all]);
    // Of two jobs for one delivery that are taken together one may be enough.
    expect(new Set(of("job:refused").map(({ position }) => position)).size).toBe(20);
    expect(of("job:refused")[0]).toMatchObject({
      subscriber: "one",
      owner: "two",
      position: expect.any(Number),
    });
  });

  it("refuse jobs that name a delivery that there is not, and make the ones that there are", async () => {
    const { one, seen } = await known();
    await publish(5);
    const { rows } = await pool.query<{ position: number }>(
      `update event_bus.events set fanout = '{}' where position = (select max(position) from event_bus.events)
       returning position::integer`,
    );
    const nowhere = rows[0]?.position;
    await pool.query(
      `select graphile_worker.add_job('event_bus:one', json_build_object('p', e.position, 's', s.id, 'g', 0, 'a', 0))
         from event_bus.events e, (select 999999 as id union all select id from event_bus.subscriptions) s`,
    );
    const { of } = await start([one], { worker });
    await allIn("delivered", 4);
    await noJobs();
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    // Of a subscription that is not there those of all events, and those of the event that went nowhere: of two jobs for one
    // delivery that are taken together one may be enough.
    const refused = of("job:refused");
    expect(refused.every(({ owner }) => owner === null)).toBe(true);
    expect(new Set(refused.map(({ position }) => position)).size).toBe(5);
    expect(refused.filter(({ position }) => position === nowhere).length).toBeGreaterThan(1);
  });

  it("record what they have made when its job was deleted, or is locked, meanwhile", async () => {
    const { opened, open } = gate();
    let running = 0;
    const one = subscriber("one", () => {
      running += 1;
      return opened;
    });
    const { of } = await start([one], { worker });
    await publish(4);
    await eventually(() => expect(running).toBe(4));
    await pool.query("delete from graphile_worker._private_jobs where id % 2 = 0");
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select from graphile_worker._private_jobs for update");
    open();
    await publish(20);
    await eventually(async () => {
      const rows = await deliveries();
      // All but the two whose jobs somebody holds.
      expect(rows.filter(({ state }) => state === "delivered").length).toBe(22);
    });
    await client.query("commit");
    client.release();
    await allIn("delivered", 24);
    expect(of("recover:start")).toEqual([]);
    // On a busy machine housekeeping finds the two whose jobs were deleted before they end, and has them made once more.
    expect([24, 25, 26]).toContain(running);
    await noJobs();
  });

  it("count each delivery once, however many jobs it has, and whatever was changed in them", async () => {
    const { one } = await known();
    await publish(30);
    await pool.query(
      `insert into graphile_worker._private_jobs (task_id, payload, priority, run_at, flags, key)
       select task_id, payload, -(id % 5), run_at - interval '3 days' * (id % 3), '{"x": true}', 'key' || id
         from graphile_worker._private_jobs`,
    );
    await start([one], { worker });
    const rows = await allIn("delivered", 30);
    expect(rows.every(({ attempts, errors }) => attempts === 1 && errors.length === 0)).toBe(true);
    await noJobs();
  });

  it("make each delivery in the end while its subscriber is paused, resumed and redriven all the time", async () => {
    let calls = 0;
    const one = subscriber(
      "one",
      ({ aggregate: { n } }, { attempt }) => {
        calls += 1;
        if ((n % 3 === 0 && attempt === 1) || n % 11 === 0) throw new Error("no");
      },
      quick,
    );
    await Promise.all([1, 2, 3].map(() => start([one], { worker })));
    for (let round = 0; round < 15; round += 1) {
      await Promise.all([publish(30), pause(pool, "one")]);
      await Promise.all([resume(pool, "one"), redrive(pool, { subscriber: "one" })]);
    }
    await resume(pool, "one");
    await eventually(async () => {
      const rows = await deliveries();
      const open = rows.filter(({ state }) => state !== "delivered" && state !== "dead");
      expect([rows.length, open]).toEqual([450, []]);
    });
    expect((await deliveries()).filter(({ state }) => state === "dead")).toHaveLength(30);
    expect(calls).toBeGreaterThanOrEqual(450);
    await noJobs();
  });

  it("keep apart the jobs of two applications that have the same numbers", async () => {
    const seen: string[] = [];
    const of = (application: string) => ({
      application,
      worker,
      database: { url, schema: "event_bus", workerSchema: `worker_of_${application}_${throughput}` },
      subscribers: [subscriber(`${application}_one`, () => void seen.push(application))],
    });
    const [a, b] = [of("a"), of("b")];
    for (const each of [a, b]) await migrate({ prisma: {}, ...each });
    await publish(100);
    const numbers = async ({ database }: typeof a) =>
      (await pool.query<{ id: string }>(`select id from ${database.workerSchema}.jobs order by id`)).rows;
    expect(await numbers(a)).toEqual(await numbers(b));
    await start(a.subscribers, a);
    await allIn("delivered", 100);
    await eventually(async () => expect(await numbers(a)).toEqual([]));
    expect(await numbers(b)).toHaveLength(100);
    await start(b.subscribers, b);
    await allIn("delivered", 200);
    await eventually(async () => expect(await numbers(b)).toEqual([]));
    expect(seen).toEqual([...Array(100).fill("a"), ...Array(100).fill("b")]);
  });
});
