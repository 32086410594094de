import { afterEach, expect, it } from "vitest";

import { discard, doctor } from "../../src/admin.js";
import { branded } from "../../src/outbox/executor.js";
import { FEWEST_PARKED, freeJobs, parkJobs, unservedTasks } from "../../src/outbox/graphile/park-jobs.js";
import { takeJobs } from "../../src/outbox/graphile/take-jobs.js";
import { FROM_THE_FIRST, noteUnknownWorkers, wakeLost } from "../../src/outbox/lost-deliveries.js";
import { subscribe } from "../../src/testing.js";
import { parkOrphans } from "../../src/worker/park-orphans.js";
import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, executor, names, subscriber, start, options, publish, jobs } = await workerFixture();
const MANY = FEWEST_PARKED + 50;
const goOn = () => false;
/** Nothing here is about who is alive: a busy machine may take its own time. */
const given = { worker: { deadAfterMs: 60_000, concurrency: 20, throughput: "high" } } as const;

const made: string[] = [];
const named = (name: string) => subscriber(name, () => void made.push(name), { history: "failures" });
const gone = named("gone");
const own = named("own");
const subscribed = (...subscribers: (typeof own)[]) => subscribe({ client: pool, subscribers });
const park = (unservedForMs = 0) => parkOrphans(executor, names, goOn, unservedForMs)();
const parked = async () => (await jobs()).filter(({ locked_by }) => locked_by === "event_bus:parked").length;

afterEach(async () => {
  made.length = 0;
  await pool.query(
    "truncate event_bus.maintenance, event_bus.checkpoints, event_bus.delivered, event_bus.departed",
  );
});

it("ready jobs of a subscriber that no worker has are parked, and made when one has it", async () => {
  await subscribed(gone, own);
  await publish(MANY);
  await start([own], given);
  await eventually(() => expect(made).toHaveLength(MANY));
  const due =
    "select array_agg(run_at order by id)::text as due from graphile_worker.jobs where task_identifier = 'event_bus:gone'";
  const { rows: before } = await pool.query(due);
  await park();
  expect(await parked()).toBe(MANY);
  expect((await pool.query(due)).rows).toEqual(before);
  // None of them is lost, or held by a worker that there is not.
  expect(await wakeLost(executor, names, FROM_THE_FIRST, 10_000)).toMatchObject({ woken: [] });
  await noteUnknownWorkers(executor, names);
  expect((await pool.query("select from event_bus.departed")).rowCount).toBe(0);
  expect((await doctor(pool)).findings.filter(({ check }) => check === "jobs")).toEqual([]);

  await start([gone], given);
  await eventually(() => expect(made.filter((name) => name === "gone")).toHaveLength(MANY));
  await eventually(async () => expect(await jobs()).toEqual([]));
});

it("a worker does not park at once what nobody has, and frees it for a worker that comes", async () => {
  await subscribed(gone);
  await publish(MANY);
  const tasks = await unservedTasks(executor, names);
  expect(tasks.map((task) => task.subscriber)).toContain("gone");
  const other = await start([own], given);
  // Not before: the first look only notes since when.
  await eventually(async () => {
    const { rowCount } = await pool.query(
      "select from event_bus.maintenance where name = 'park graphile_worker'",
    );
    expect(rowCount).toBe(1);
  });
  expect(await parked()).toBe(0);
  expect(await parkJobs(executor, names, tasks, goOn)).toBe(MANY);
  const { opened, open } = gate();
  await start([subscriber("gone", () => opened)], given);
  // By whichever worker keeps house.
  await eventually(async () => expect(await parked()).toBe(0));
  open();
  await other.worker.stop();
});

it("few are left as they are, and so is what was put off, what somebody holds, and what a worker has", async () => {
  await subscribed(gone, own);
  await publish(FEWEST_PARKED / 2 - 1);
  await park();
  expect(await parked()).toBe(0);
  await publish(MANY);
  await park(60_000);
  expect(await parked()).toBe(0);
  await pool.query(
    "update graphile_worker._private_jobs set run_at = now() + interval '1 hour' where id in (select id from graphile_worker._private_jobs order by id limit 10)",
  );
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query(
      "select from graphile_worker._private_jobs where run_at <= now() order by id limit 5 for update",
    );
    await park();
    expect(await parked()).toBe(2 * (FEWEST_PARKED / 2 - 1 + MANY) - 15);
  } finally {
    await client.query("rollback");
    client.release();
  }
  await freeJobs(executor, names);
  expect(await parked()).toBeGreaterThan(0);
  await pool.query("update graphile_worker._private_jobs set locked_at = null, locked_by = null");
  const { opened, open } = gate();
  await start([subscriber("own", () => opened)], given);
  await park();
  const { rows } = await pool.query<{ task: string }>(
    "select distinct task_identifier as task from graphile_worker.jobs where locked_by = 'event_bus:parked'",
  );
  expect(rows).toEqual([{ task: "event_bus:gone" }]);
  open();
});

it("runOnce() frees what it has, and makes it", async () => {
  await subscribed(gone);
  await publish(MANY);
  await park();
  expect(await parked()).toBe(MANY);
  expect(await runOnce(options([gone], given))).toMatchObject({ delivered: MANY });
  expect(await jobs()).toEqual([]);
});

it("jobs that are no subscriber's are parked too, and doctor still tells of them", async () => {
  await pool.query(
    `select graphile_worker.add_job('event_bus:nobody', '{}'::json) from generate_series(1, ${MANY})`,
  );
  const told = async () => (await doctor(pool)).findings.filter(({ check }) => check === "jobs");
  const before = await told();
  expect(before).toMatchObject([{ message: expect.stringContaining("event_bus:nobody") }]);
  await park();
  expect(await parked()).toBe(MANY);
  expect(await told()).toEqual(before);
});

it("what was ended meanwhile runs nothing when it is freed", async () => {
  await subscribed(gone);
  await publish(MANY);
  await park();
  await discard(pool, { subscriber: "gone", state: "waiting" }, { reason: "no" });
  await runOnce(options([gone], given));
  expect([made, await jobs()]).toEqual([[], []]);
});

it("jobs are taken in the order of their priorities, and those that were put off are not read", async () => {
  await subscribed(own);
  await publish(20_000);
  const { rows: tasks } = await pool.query<{ id: number }>(
    `update graphile_worker._private_jobs set priority = -5, run_at = now() + interval '1 hour' returning task_id as id`,
  );
  await publish(40);
  await pool.query(
    "update graphile_worker._private_jobs set priority = case when id % 2 = 0 then 3 else 7 end where priority = 0",
  );
  await pool.query("vacuum analyze graphile_worker._private_jobs");
  const taking = { workerId: "w", taskIds: [tasks[0]?.id ?? 0] };
  let pages = 0;
  const explaining = branded(async (sql, values) => {
    const { rows } = await pool.query(`explain (analyze, buffers, format json) ${sql}`, [...values]);
    const { Plan: plan } = rows[0]["QUERY PLAN"][0];
    pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
    return [];
  });
  await takeJobs(explaining, names, { ...taking, most: 1 });
  // A job is found, locked and changed with its indexes, and its delivery read. Those that were put off are on a hundred pages.
  expect(pages).toBeLessThan(60);
  // Some more than there are of the first one.
  await takeJobs(executor, names, { ...taking, most: 29 });
  const { rows: taken } = await pool.query<{ priority: number; count: number }>(
    "select j.priority, count(*)::integer from graphile_worker._private_jobs j where j.locked_by = 'w' group by 1 order by 1",
  );
  expect(taken).toEqual([
    { priority: 3, count: 20 },
    { priority: 7, count: 10 },
  ]);
});
