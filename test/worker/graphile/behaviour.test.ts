import { describe, expect, it, onTestFinished } from "vitest";

import { defineConfig } from "../../../src/index.js";
import { eventually } from "../../support/eventually.js";
import { gate, workerFixture } from "../worker-fixture.js";

// How graphile-worker behaves where a worker must not rely on it, and what shows that we do not:
//
// | behaviour | shown by |
// |---|---|
// | completing is not awaited: a connection that breaks ends the process | reconnect.test.ts, restart.test.ts, test/faults |
// | completing deletes by id, whoever holds the job now | delivery/transactional.test.ts, test/faults (frozen processes) |
// | its promise resolves after a fatal error, and the process idles | reconnect.test.ts, test/faults (every worker works at the end) |
// | a look-up of tasks that failed once fails for ever | refusals.test.ts, failures.test.ts |
// | jobs that are unlocked wake nobody; a job that dies on its last attempt is lost | below |
// | named queues: empty looks for jobs, no order after a failure, doubles | below: no job has one |
// | stopping resolves before jobs are completed | stop.test.ts |
// | a handler that hangs holds up the stop for ever | stop.test.ts |
// | numbers of tasks are used up by adding jobs (0.17) | admin/doctor.test.ts warns of it |
// | jobs that a worker does not know slow it down | applications.test.ts (a schema for each), admin/doctor.test.ts, housekeeping.test.ts (orphans) |
// | lists as payloads and results have a meaning of their own | run-worker.test.ts |
// | a key on a job that runs uses up its attempts | below: no job has one |
// | delayed jobs wait for the next poll | run-worker.test.ts (retries) |
// | a pool of one connection stands still | run-worker.test.ts (concurrency of one) |
// | a connection whose other end is gone stands still | half-open.slow.test.ts, test/faults |
// | its events of success come before the job is deleted | outcomes are our own rows: delivery/deliver.test.ts |
// | errors are kept without their stack, and undefined is lost | delivery/describe-error.test.ts |
// | jobs that are fetched ahead count as attempted | throughput.test.ts |
// | a live pool can hold jobs that nobody runs | reconnect.test.ts, restart.test.ts |
// | a migration by others stops it, and sets the exit code of the process | below |

const { pool, subscriber, start, publish, allIn, deliveries } = await workerFixture();

/** Has an event claimed by a worker that has long been silent. */
async function publishToDead(): Promise<void> {
  await pool.query(
    `insert into event_bus.workers
       (id, application, worker_schema, version, schema_version, host, pid, dead_after_ms, heartbeat_at)
     values ('pool-dead', 'default', 'graphile_worker', '0', 1, 'gone', 1, 500, now() - interval '1 hour')`,
  );
  // In one transaction, or a worker that lives would take it first.
  await pool.query(
    `do $$ begin
       perform event_bus.publish(name => 'Ping', aggregate => '{"n": 1}', key => '1');
       update graphile_worker._private_jobs set locked_by = 'pool-dead', locked_at = now(), attempts = attempts + 1
        where locked_by is null;
     end $$`,
  );
}

describe("the deliveries of a worker that has died", () => {
  const quick = { heartbeatMs: 250, deadAfterMs: 500, pollIntervalMs: 60_000, concurrency: 2 };

  it("are made by another one without waiting for it to look, and what that one makes is left alone", async () => {
    const { opened, open } = gate();
    const started = gate();
    let calls = 0;
    const handle = async () => {
      calls += 1;
      if (calls > 1) return;
      started.open();
      await opened;
    };
    const { of } = await start([subscriber("one", handle)], { worker: quick });
    await publish();
    await started.opened;
    await publishToDead();
    await eventually(async () => {
      expect((await deliveries()).filter(({ state }) => state === "delivered")).toHaveLength(1);
    });
    expect(of("worker:takeover")).toMatchObject([{ dead: ["pool-dead"] }]);
    expect(calls).toBe(2);
    open();
    await allIn("delivered", 2);
    expect(calls).toBe(2);
  });

  it("are elsewhere within fifteen seconds by default, and within one where that is wished", () => {
    const within = (worker: object) => {
      const { heartbeatMs, deadAfterMs } = defineConfig({ prisma: {}, subscribers: [], worker }).worker;
      return heartbeatMs + deadAfterMs;
    };
    expect(within({})).toBeLessThanOrEqual(15_000);
    expect(within({ heartbeatMs: 250, deadAfterMs: 500 })).toBeLessThanOrEqual(1_000);
  });
});

it("gives its jobs neither queues nor keys, and attempts without end", async () => {
  const { worker } = await start([subscriber("one", () => undefined)]);
  await worker.stop();
  await publish(3);
  const { rows } = await pool.query(
    "select distinct job_queue_id, key, max_attempts from graphile_worker._private_jobs",
  );
  expect(rows).toEqual([{ job_queue_id: null, key: null, max_attempts: 32_767 }]);
});

it("goes on after a migration by others that stops graphile-worker, and leaves the exit code alone", async () => {
  const { exitCode } = process;
  onTestFinished(() => {
    process.exitCode = exitCode;
  });
  const { of } = await start([subscriber("one", () => undefined)]);
  await pool.query(`select pg_notify('worker:migrate', '{"breaking":true,"migrationNumber":99}')`);
  await eventually(() => expect(of("recover:stop")).toHaveLength(1));
  await publish();
  await allIn("delivered", 1);
  expect(process.exitCode).toBe(exitCode);
});
