import { randomUUID } from "node:crypto";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { discard, doctor, deliveries as listDeliveries, pause, resume } from "../../src/admin.js";
import { branded, executorOf } from "../../src/outbox/executor.js";
import { seesJobs } from "../../src/outbox/graphile/read-jobs.js";
import { FROM_THE_FIRST, type LookedUpTo, wakeLost } from "../../src/outbox/lost-deliveries.js";
import { fixed } from "../../src/registry/backoff.js";
import { subscribe } from "../../src/testing.js";
import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, executor, names, subscriber, start, options, publish, deliveries, allIn, jobs } =
  await workerFixture();

const made: number[] = [];
const own = subscriber("own", (event) => void made.push(event.aggregate.n));

const lookAnew = () => pool.query("delete from event_bus.maintenance");
const problems = async () =>
  (await doctor(pool)).findings.filter(({ check }) => check === "jobs").map(({ message }) => message);
const wake = () => wakeLost(executor, names, FROM_THE_FIRST, 1_000);

beforeEach(async () => {
  made.length = 0;
  await lookAnew();
});
afterEach(async () => {
  await pool.query("truncate event_bus.checkpoints, event_bus.departed, event_bus.delivered");
});

describe("open deliveries without a usable job", () => {
  const SPOILT: readonly (readonly [how: string, statement: string])[] = [
    ["were deleted", "delete from graphile_worker._private_jobs"],
    ["were truncated", "truncate graphile_worker._private_jobs"],
    [
      "have used up graphile-worker's attempts",
      "update graphile_worker._private_jobs set attempts = max_attempts",
    ],
    [
      "were failed for good by graphile-worker's own function",
      "select graphile_worker.permanently_fail_jobs(array(select id from graphile_worker._private_jobs), 'by hand')",
    ],
    ["have no payload of ours", `update graphile_worker._private_jobs set payload = '{"p": "x"}'`],
    [
      "have a payload that PostgreSQL cannot write out",
      `update graphile_worker._private_jobs set payload = '{"p" : "\\u0000"}'`,
    ],
    [
      "are for another generation",
      `update graphile_worker._private_jobs set payload = '{"p" : 1, "s" : 1, "g" : 7, "a" : 0}'`,
    ],
    [
      "have another task",
      `with t as (insert into graphile_worker._private_tasks (identifier) values ('event_bus:x') on conflict (identifier) do update set identifier = excluded.identifier returning id)
       update graphile_worker._private_jobs set task_id = t.id from t`,
    ],
  ];
  for (const [how, statement] of SPOILT) {
    it(`get a new one: jobs that ${how}`, async () => {
      await subscribe({ client: pool, subscribers: [own] });
      await publish(3);
      expect(await problems()).toEqual([]);
      await pool.query(statement);
      expect(await problems()).toContainEqual(
        expect.stringMatching(/^3 open deliveries of "own" have no job .*worker$/),
      );
      const { of } = await start([own]);
      await allIn("delivered", 3);
      expect(of("deliveries:woken")).toMatchObject([{ subscribers: ["own"], deliveries: 3 }]);
      expect(made.toSorted()).toEqual([1, 2, 3]);
      expect(await problems()).not.toContainEqual(expect.stringContaining("open deliveries"));
    });
  }

  it("get new ones that a running worker takes, where graphile-worker's tasks are gone with the jobs", async () => {
    const { of } = await start([own], { worker: { deadAfterMs: 60_000 } });
    await publish(2);
    await allIn("delivered", 2);
    await eventually(async () => expect(await jobs()).toEqual([]));
    await publish(1);
    await pool.query("truncate graphile_worker._private_jobs, graphile_worker._private_tasks");
    await publish(2);
    await allIn("delivered", 5);
    await eventually(() =>
      expect(of("recover:start")[0]).toMatchObject({ reason: expect.stringContaining("other tasks") }),
    );
  });

  it("are found where they wait for another attempt, which is made when it is due", async () => {
    const failing = subscriber("own", () => Promise.reject(new Error("no")), {
      retry: { backoff: fixed(3_600_000) },
    });
    const { worker } = await start([failing]);
    await publish(1);
    await allIn("retrying", 1);
    await worker.stop();
    await pool.query("delete from graphile_worker._private_jobs");
    const before = await deliveries();
    await lookAnew();
    const { of } = await start([failing]);
    await eventually(() => expect(of("deliveries:woken")).toHaveLength(1));
    expect(await deliveries()).toMatchObject([{ state: "retrying", attempts: 1, dueAt: before[0]?.dueAt }]);
    const { rows } = await pool.query("select run_at from graphile_worker.jobs");
    expect(rows).toEqual([{ run_at: before[0]?.dueAt }]);
  });

  it("are found by runOnce, which makes them", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(2);
    await pool.query("delete from graphile_worker._private_jobs");
    expect(await runOnce(options([own]))).toMatchObject({ delivered: 2 });
  });

  it("of a subscriber that keeps rows only of failures are told from those that were made", async () => {
    const lean = subscriber("lean", (event) => void made.push(event.aggregate.n), { history: "failures" });
    await start([lean]);
    await publish(3);
    await allIn("delivered", 3);
    await eventually(async () => expect(await jobs()).toEqual([]));
    await pause(pool, "lean");
    await pool.query("update event_bus.subscriptions set paused = false");
    expect((await wake()).woken).toEqual([]);
    await pool.query(
      "begin; select event_bus.publish(name => 'Ping', aggregate => '{\"n\": 4}'); delete from graphile_worker._private_jobs; commit",
    );
    await lookAnew();
    await allIn("delivered", 4);
    expect(made.toSorted()).toEqual([1, 2, 3, 4]);
  });

  it("of a paused subscriber are woken when it goes on", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(1);
    await pause(pool, "own");
    await pool.query("delete from graphile_worker._private_jobs");
    expect((await wake()).woken).toEqual([]);
    await resume(pool, "own");
    expect((await wake()).woken).toEqual([{ subscriber: "own", deliveries: 1 }]);
  });

  it("are woken in pieces, each look going on where the last one has ended", async () => {
    await subscribe({ client: pool, subscribers: [own, subscriber("other", () => undefined)] });
    await publish(5);
    await pool.query("delete from graphile_worker._private_jobs");
    const counts: number[] = [];
    let from = FROM_THE_FIRST;
    for (;;) {
      const { woken, next } = await wakeLost(executor, names, from, 3);
      counts.push(woken.reduce((sum, one) => sum + one.deliveries, 0));
      if (next === undefined) break;
      from = next;
    }
    expect(counts).toEqual([3, 3, 3, 1]);
    expect(await jobs()).toHaveLength(10);
    expect((await wake()).woken).toEqual([]);
  });
});

describe("many open deliveries without a job", () => {
  /** Goes on until a look says that there are no more. Returns how many were woken. */
  const wakeAll = async (most: number) => {
    let woken = 0;
    let from: LookedUpTo | undefined = FROM_THE_FIRST;
    while (from !== undefined) {
      const look: Awaited<ReturnType<typeof wakeLost>> = await wakeLost(executor, names, from, most);
      woken += look.woken.reduce((sum, { deliveries }) => sum + deliveries, 0);
      from = look.next;
    }
    return woken;
  };

  it("that have rows are all found, wherever a look ends", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(20);
    await pool.query(
      `select event_bus.settle((select jsonb_agg(jsonb_build_object('p', e.position, 's', s.id, 'g', 0, 'a', 1,
         'state', 'retrying', 'dueMs', 3600000)) from event_bus.events e, event_bus.subscriptions s))`,
    );
    for (const most of [1, 2, 3, 5, 7]) {
      await pool.query("delete from graphile_worker._private_jobs");
      expect([most, await wakeAll(most)]).toEqual([most, 20]);
    }
  });

  it("are compared with the jobs once, not once for each batch that is woken", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(1_200);
    await pool.query("delete from graphile_worker._private_jobs");
    const statements: string[] = [];
    const counting = branded(
      async (sql, values) => {
        statements.push(sql);
        return (await pool.query(sql, [...values])).rows;
      },
      undefined,
      true,
    );
    const { woken } = await wakeLost(counting, names, FROM_THE_FIRST, 10_000);
    expect(woken).toEqual([{ subscriber: "own", deliveries: 1_200 }]);
    expect(statements.filter((sql) => sql.includes("wake_lost"))).toHaveLength(3);
    expect(statements.filter((sql) => sql.includes("_private_jobs j"))).toHaveLength(1);
  });
});

describe("deliveries that have a job", () => {
  it("are left alone: waiting, running, retrying, snoozed, held back, of workers that died", async () => {
    const opened = gate();
    const ways = subscriber(
      "ways",
      (event, ctx) => {
        if (event.aggregate.n === 1) throw new Error("no");
        if (event.aggregate.n === 2) return ctx.snooze(3_600_000);
        return opened.opened;
      },
      { retry: { backoff: fixed(3_600_000) } },
    );
    await start([ways], { worker: { concurrency: 3 } });
    await publish(5);
    await allIn("retrying", 1);
    await allIn("snoozed", 1);
    await eventually(async () =>
      expect((await jobs()).filter((job) => job.locked_by !== null)).toHaveLength(3),
    );
    // As of a process that was found dead with it.
    await pool.query(
      `update graphile_worker._private_jobs set payload = (payload::jsonb || '{"d": 1}')::json where locked_by is not null`,
    );
    expect((await wake()).woken).toEqual([]);
    expect(await problems()).toEqual([]);
    opened.open();
    await allIn("delivered", 3);
    expect((await wake()).woken).toEqual([]);
  });

  it("are left alone while transactions that publish, retry, pause and let go on are under way", async () => {
    await start([own]);
    const client = await pool.connect();
    try {
      await subscribe({ client: pool, subscribers: [subscriber("later", () => undefined)] });
      await client.query("begin");
      await client.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n": 1}')`);
      expect((await wake()).woken).toEqual([]);
      await client.query("commit");
      await allIn("delivered", 1);
      expect((await wake()).woken).toEqual([]);
      const [waiting] = (await deliveries("later")).map(({ position, subscriptionId }) => ({
        position,
        subscriptionId,
      }));
      const settling = JSON.stringify([
        { p: waiting?.position, s: waiting?.subscriptionId, g: 0, a: 1, state: "retrying", dueMs: 60_000 },
      ]);
      await client.query("begin");
      await client.query("select event_bus.settle($1)", [settling]);
      await client.query("delete from graphile_worker._private_jobs where payload ->> 'g' = '0'");
      expect((await wake()).woken).toEqual([]);
      await client.query("commit");
      expect((await wake()).woken).toEqual([]);
      expect(await jobs()).toHaveLength(1);
    } finally {
      client.release();
    }
  });

  it("are not taken from a transaction that makes one of them, which is not waited for", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(2);
    const [first] = await deliveries();
    await pool.query("delete from graphile_worker._private_jobs");
    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select event_bus.claim($1, $2, 0, 'me', null, null, null)", [
        first?.position,
        first?.subscriptionId,
      ]);
      expect((await wake()).woken).toEqual([]);
      await client.query("commit");
    } finally {
      client.release();
    }
    expect((await wake()).woken).toEqual([{ subscriber: "own", deliveries: 1 }]);
    expect((await deliveries()).map(({ state }) => state)).toEqual(["delivered", "waiting"]);
  });
});

describe("a role", () => {
  it("that does not see the jobs takes none of the deliveries for lost, unless a policy shows it all of them", async () => {
    const role = `shop_${randomUUID().slice(0, 8)}`;
    await subscribe({ client: pool, subscribers: [own] });
    await publish(1);
    const client = await pool.connect();
    try {
      await client.query(`create role ${role}`);
      await client.query(`grant usage on schema event_bus, graphile_worker to ${role}`);
      await client.query(`grant select on all tables in schema event_bus, graphile_worker to ${role}`);
      const sees = async () => {
        await client.query(`set role ${role}`);
        const answer = await seesJobs(executorOf(client), names);
        const { woken } = await wakeLost(executorOf(client), names, FROM_THE_FIRST, 10);
        await client.query("reset role");
        expect(woken).toEqual([]);
        return answer;
      };
      expect(await sees()).toBe(false);
      for (const table of ["jobs", "tasks"]) {
        await client.query(
          `create policy ${role} on graphile_worker._private_${table} to ${role} using (true)`,
        );
        expect(await sees()).toBe(table === "tasks");
      }
      await client.query(
        `create policy fewer on graphile_worker._private_jobs as restrictive using (id > 5)`,
      );
      expect(await sees()).toBe(false);
    } finally {
      await client.query("reset role");
      await client.query("drop policy if exists fewer on graphile_worker._private_jobs");
      await client.query(`drop owned by ${role}; drop role ${role}`);
      client.release();
    }
  });
});

describe("jobs that are held by a worker that there is not", () => {
  it("are freed", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(2);
    await pool.query(
      "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'nobody', attempts = 1",
    );
    await start([own]);
    await eventually(async () => {
      const { rows } = await pool.query("select died from event_bus.departed where id = 'nobody'");
      expect(rows).toEqual([{ died: false }]);
    });
    await pool.query("update event_bus.departed set look_at = now()");
    await allIn("delivered", 2);
  });

  it("stay where the worker has only lost its row, which it puts back", async () => {
    const opened = gate();
    await start([subscriber("slow", () => opened.opened)]);
    await publish(1);
    await eventually(async () => expect((await jobs()).map((job) => job.locked_by)).not.toEqual([null]));
    const [held] = await jobs();
    await pool.query("delete from event_bus.workers");
    await lookAnew();
    await eventually(async () => {
      const { rows } = await pool.query("select id from event_bus.workers");
      expect(rows).toEqual([{ id: held?.locked_by }]);
    });
    await pool.query("update event_bus.departed set look_at = now()");
    expect((await jobs()).map((job) => job.locked_by)).toEqual([held?.locked_by]);
    opened.open();
    await allIn("delivered", 1);
    expect((await listDeliveries(pool))[0]).toMatchObject({ attempts: 1 });
  });
});

describe("rows of ours that are deleted by hand", () => {
  const findings = async () => (await doctor(pool)).findings.map(({ message }) => message);

  it("are not those of a subscription whose events are in the log", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(1);
    await expect(pool.query("delete from event_bus.subscriptions")).rejects.toThrow(
      'The subscription of "own" to "Ping" is not deleted: events in the log went to it. End it with: npx ex-event-bus unsubscribe own',
    );
    await pool.query("delete from event_bus.events");
    expect((await pool.query("delete from event_bus.subscriptions")).rowCount).toBe(1);
  });

  it("are told of: deliveries of a subscription that is not there, until its row is back", async () => {
    await subscribe({ client: pool, subscribers: [own] });
    await publish(2);
    const { rows } = await pool.query("select id from event_bus.subscriptions");
    await pool.query("truncate event_bus.subscriptions");
    expect(await findings()).toContainEqual(
      expect.stringContaining(
        `2 deliveries of "Ping" are for the subscription ${rows[0].id}, which is not in`,
      ),
    );
    await pool.query(
      `insert into event_bus.subscriptions (id, event_name, subscriber, application, worker_schema) overriding system value
       values ($1, 'Ping', 'own', 'default', 'graphile_worker')`,
      [rows[0].id],
    );
    await start([own]);
    await allIn("delivered", 2);
    expect(await findings()).not.toContainEqual(expect.stringContaining("which is not in"));
  });

  it("are told of: records of deliveries, which can be made again or ended", async () => {
    await start([own]);
    await publish(2);
    await allIn("delivered", 2);
    const { rows } = await pool.query("select id from event_bus.subscriptions");
    const marked = () =>
      eventually(async () => {
        const { rows: checkpoints } = await pool.query("select position from event_bus.checkpoints");
        const last = await pool.query("select max(position) as last from event_bus.events");
        expect(Number(checkpoints[0]?.position)).toBeGreaterThan(Number(last.rows[0].last));
      });
    await marked();
    expect(await findings()).not.toContainEqual(expect.stringContaining("were deleted from"));
    await pool.query("truncate event_bus.deliveries");
    const gone = expect.stringMatching(
      new RegExp(
        `^2 deliveries of "own" were done or had been attempted, .*checkpoints where subscription_id = ${rows[0].id}\\.`,
      ),
    );
    expect(await findings()).toContainEqual(gone);
    await pool.query("delete from event_bus.checkpoints where subscription_id = $1", [rows[0].id]);
    await allIn("delivered", 2);
    expect(made).toHaveLength(4);
    await marked();
    await pool.query("truncate event_bus.deliveries");
    expect(await findings()).toContainEqual(gone);
    await pause(pool, "own");
    await pool.query("delete from event_bus.checkpoints where subscription_id = $1", [rows[0].id]);
    const ended = discard(pool, { subscriber: "own", state: "waiting" }, { reason: "they were made" });
    expect(await ended).toEqual({ matched: 2, discarded: 2 });
    await resume(pool, "own");
    expect(await findings()).not.toContainEqual(expect.stringContaining("were deleted from"));
    expect(made).toHaveLength(4);
  });

  it("come back: those in which workers note how far the log is final, and what was done when", async () => {
    await pool.query(
      "delete from event_bus.watermark; delete from event_bus.maintenance; delete from event_bus.checkpoints",
    );
    await start([own]);
    await publish(1);
    await allIn("delivered", 1);
    await eventually(async () => {
      const { rows } = await pool.query("select position from event_bus.watermark");
      expect(Number(rows[0]?.position)).toBeGreaterThan(0);
      expect((await pool.query("select from event_bus.checkpoints")).rowCount).toBe(1);
    });
  });
});
