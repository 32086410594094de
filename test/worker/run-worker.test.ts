import { describe, expect, it } from "vitest";
import { telemetry } from "../../src/log/hub.js";
import { fixed } from "../../src/registry/backoff.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { pool, options, subscriber, start, publish, deliveries, allIn, jobs, workerRows } =
  await workerFixture();

describe("runWorker", () => {
  it("delivers what is published, once to each subscriber", async () => {
    const seen: string[] = [];
    await start([
      subscriber("one", (event) => void seen.push(`one ${event.aggregate.n}`)),
      subscriber("two", (event) => void seen.push(`two ${event.aggregate.n}`)),
    ]);
    await publish(3);
    await allIn("delivered", 6);
    expect(seen.sort()).toEqual(["one 1", "one 2", "one 3", "two 1", "two 2", "two 3"]);
  });

  it("delivers what was published while no worker ran", async () => {
    const first = await start([subscriber("one", () => undefined)]);
    await first.worker.stop();
    await publish(2);
    expect(await deliveries()).toMatchObject([{ state: "waiting" }, { state: "waiting" }]);
    await start([subscriber("one", () => undefined)]);
    await allIn("delivered", 2);
  });

  it("delivers events that are published by SQL", async () => {
    const seen: unknown[] = [];
    await start([subscriber("one", (event) => void seen.push(event.aggregate))]);
    await pool.query(`select event_bus.publish(name => 'Ping', aggregate => '{"n": 7}')`);
    await eventually(() => expect(seen).toEqual([{ n: 7 }]));
  });

  it("retries, and leaves what never succeeds as dead, with its errors and without a job", async () => {
    const { of } = await start([
      subscriber("fails", () => Promise.reject(new Error("no")), {
        retry: { maxAttempts: 3, backoff: fixed(10) },
      }),
      subscriber(
        "recovers",
        (_, ctx) => (ctx.attempt < 3 ? Promise.reject(new Error("not yet")) : undefined),
        {
          retry: { backoff: fixed(10) },
        },
      ),
    ]);
    await publish();
    await allIn("dead", 1);
    await allIn("delivered", 1);
    expect(await deliveries("fails")).toMatchObject([
      { attempts: 3, errors: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }] },
    ]);
    expect(await deliveries("recovers")).toMatchObject([{ attempts: 3, errors: [{}, {}] }]);
    await eventually(async () => expect(await jobs()).toEqual([]));
    const outcomes = of("deliver:stop").map(
      ({ subscriber: name, outcome, attempt }) => `${name} ${attempt} ${outcome}`,
    );
    expect(outcomes.sort()).toEqual([
      "fails 1 retrying",
      "fails 2 retrying",
      "fails 3 dead",
      "recovers 1 retrying",
      "recovers 2 retrying",
      "recovers 3 delivered",
    ]);
  });

  it("makes as many deliveries at once as its concurrency says", async () => {
    const { opened, open } = gate();
    let running = 0;
    let most = 0;
    const handle = async () => {
      most = Math.max(most, ++running);
      await opened;
      running -= 1;
    };
    await start([subscriber("one", handle)], { worker: { concurrency: 3, heartbeatMs: 250 } });
    await publish(10);
    await eventually(() => expect(running).toBe(3));
    open();
    await allIn("delivered", 10);
    expect(most).toBe(3);
  });

  it("works with a concurrency of one", async () => {
    await start([subscriber("one", () => undefined)], { worker: { concurrency: 1, heartbeatMs: 250 } });
    await publish(5);
    await allIn("delivered", 5);
  });

  it("works beside others in the same process, and they share the deliveries", async () => {
    const seen: string[] = [];
    const { opened, open } = gate();
    const slow = (who: string) =>
      subscriber("one", async () => {
        seen.push(who);
        await opened;
      });
    const one = { worker: { concurrency: 1, heartbeatMs: 250 } };
    await start([slow("a")], one);
    await start([slow("b")], one);
    await start([slow("c")], one);
    await publish(3);
    await eventually(() => expect([...seen].sort()).toEqual(["a", "b", "c"]));
    expect(await workerRows()).toHaveLength(3);
    open();
    await allIn("delivered", 3);
  });

  it("subscribes its subscribers before it starts", async () => {
    await start([subscriber("one", () => undefined)]);
    const { rows } = await pool.query(
      "select event_name, subscriber, application, policy from event_bus.subscriptions",
    );
    expect(rows).toEqual([
      {
        event_name: "Ping",
        subscriber: "one",
        application: "default",
        policy: {
          maxAttempts: 20,
          timeoutMs: 60_000,
          backoff: "exponential 1000 ms * 2 up to 3600000 ms, jitter 0.2",
          keepMs: 604_800_000,
        },
      },
    ]);
  });

  it("can be given its subscribers by a function", async () => {
    await start([], { subscribers: async () => [subscriber("one", () => undefined)] });
    await publish();
    await allIn("delivered", 1);
  });

  it("stops at the end of an await using block", async () => {
    {
      await using worker = await runWorker(options([subscriber("one", () => undefined)]));
      expect(await workerRows()).toHaveLength(1);
      expect(worker.finished).toBeInstanceOf(Promise);
    }
    expect(await workerRows()).toEqual([]);
  });

  it("reports when it is ready, stops and has stopped", async () => {
    const { worker, reports } = await start([subscriber("one", () => undefined)]);
    await worker.stop();
    const ofWorker = reports.filter(({ type }) => type.startsWith("worker:"));
    expect(ofWorker).toMatchObject([
      { type: "worker:start", application: "default", subscribers: ["one"], concurrency: 10 },
      { type: "worker:stopping", running: 0 },
      { type: "worker:stop" },
    ]);
  });

  it("reports what it claims, and what it asks for in vain", async () => {
    const { of } = await start([subscriber("one", () => undefined)]);
    await publish(3);
    await allIn("delivered", 3);
    const jobs = () => of("claim:stop").reduce((sum, claim) => sum + claim.jobs, 0);
    await eventually(() => expect(jobs()).toBe(3));
    await eventually(() => expect(of("claim:stop").some((claim) => claim.jobs === 0)).toBe(true));
    expect(of("claim:start").length).toBeGreaterThanOrEqual(of("claim:stop").length);
    expect(of("claim:stop")[0]?.durationMs).toBeGreaterThan(0);
  });

  it("tells everybody in the process what it reports", async () => {
    const heard: string[] = [];
    const off = telemetry.on("deliver:stop", ({ subscriber, outcome }) =>
      heard.push(`${subscriber} ${outcome}`),
    );
    await start([subscriber("one", () => undefined)]);
    await publish();
    await eventually(() => expect(heard).toEqual(["one delivered"]));
    off();
  });

  it("writes lines to the logger that it is given when nobody takes the reports", async () => {
    const lines: string[] = [];
    const log = { debug: () => {}, info: (m: string) => lines.push(m), warn: () => {}, error: () => {} };
    const worker = await runWorker(options([subscriber("one", () => undefined)], { log }));
    await publish();
    await eventually(() => expect(lines).toContain("Delivered."));
    await worker.stop();
    expect(lines).toEqual([
      "The worker is ready.",
      "Delivered.",
      "The worker stops: it waits for the running handlers.",
      "The worker has stopped.",
    ]);
  });

  it("says so when others have held it for dead", async () => {
    const { of } = await start([subscriber("one", () => undefined)]);
    // As another worker does that has heard nothing of it for deadAfterMs.
    await pool.query("delete from event_bus.workers");
    await eventually(() => expect(of("worker:presumed-dead")).toMatchObject([{ deadAfterMs: 2_000 }]));
    expect(await workerRows()).toHaveLength(1);
  });

  it("does not care what handlers return", async () => {
    // graphile-worker gives a list of promises a meaning of its own.
    const failing = Promise.reject(new Error("a part of the list"));
    failing.catch(() => undefined);
    await start([subscriber("one", () => [failing])]);
    await publish();
    expect(await allIn("delivered", 1)).toMatchObject([{ attempts: 1, errors: [] }]);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it("leaves jobs alone that are not of its subscribers", async () => {
    await start([subscriber("one", () => undefined)]);
    await pool.query(
      "select graphile_worker.add_job('event_bus:somebody-else'), graphile_worker.add_job('other')",
    );
    await publish(2);
    await allIn("delivered", 2);
    await eventually(async () => {
      expect(await jobs()).toEqual([
        { task_identifier: "event_bus:somebody-else", locked_by: null },
        { task_identifier: "other", locked_by: null },
      ]);
    });
  });
});
