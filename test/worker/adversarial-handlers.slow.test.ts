import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Subscriber } from "../../src/registry/subscriber.js";
import { eventually } from "../support/eventually.js";
import { FAST, workerFixture } from "./worker-fixture.js";

const { subscriber, start, publish, deliveries, allIn, jobs, workerRows } = await workerFixture();

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});

const fail = (thrown: unknown) => () => Promise.reject(thrown);
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
const ownCause = new Error("its own cause");
ownCause.cause = ownCause;
const hostile = Object.defineProperty(new Error("hostile"), "name", {
  get: () => {
    throw new Error("no");
  },
});
const trap = () => {
  throw new Error("trap");
};
const traps = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap });

const throwing: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  text: "text",
  symbol: Symbol("s"),
  bigint: 10n,
  function: () => 1,
  cyclic,
  ownCause,
  hostile,
  traps,
  unstorable: new Error("a\u0000b \ud800"),
  huge: new Error("x".repeat(5_000_000)),
  bare: Object.create(null),
};

describe.each(["normal", "high"] as const)('a worker with throughput "%s"', (throughput) => {
  const worker = { ...FAST, concurrency: 4, throughput, shutdownTimeoutMs: 60_000 };
  const twice = { retry: { maxAttempts: 2, backoff: () => 5 } };

  it("records the failure, whatever a handler throws", async () => {
    const subscribers = Object.entries(throwing).map(([name, thrown]) =>
      subscriber(name.toLowerCase(), fail(thrown), twice),
    );
    await start(subscribers, { worker });
    await publish();
    const rows = await allIn("dead", subscribers.length);
    expect(rows.map(({ attempts, errors }) => [attempts, errors.length])).toEqual(rows.map(() => [2, 2]));
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it("has delivered when a handler returns anything else than a promise that rejects", async () => {
    const returning: Subscriber[] = [
      subscriber("sync", () => 5),
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      subscriber("thenable", () => ({ then: (done: () => void) => setImmediate(done) })),
      subscriber("error", () => new Error("not thrown")),
    ];
    await start(returning, { worker });
    await publish();
    await allIn("delivered", 3);
  });

  it("ends when a handler of its own waits for that, and leaves the delivery to others", async () => {
    let stop = () => Promise.resolve();
    let calls = 0;
    const one = subscriber("one", async () => {
      calls += 1;
      if (calls === 1) await stop();
    });
    const { worker: stopping } = await start([one], { worker: { ...worker, shutdownTimeoutMs: 100 } });
    stop = () => stopping.stop();
    await publish(10);
    await eventually(() => expect(calls).toBeGreaterThan(0));
    await stopping.finished;
    expect((await jobs()).filter(({ locked_by }) => locked_by !== null)).toEqual([]);
    expect(await workerRows()).toEqual([]);
    await start([one], { worker });
    const rows = await allIn("delivered", 10);
    expect(rows.every(({ attempts, errors }) => attempts === 1 && errors.length === 0)).toBe(true);
  });
});

describe("stop", () => {
  it.each(["normal", "high"] as const)(
    'leaves a job to each delivery that is open, and none claimed, with throughput "%s"',
    async (throughput) => {
      let calls = 0;
      const one = subscriber("one", () => {
        calls += 1;
      });
      const worker = { ...FAST, concurrency: 4, throughput, shutdownTimeoutMs: 60_000 };
      for (let round = 1; round <= 5; round += 1) {
        calls = 0;
        const { worker: stopping } = await start([one], { worker });
        await publish(100);
        await eventually(() => expect(calls).toBeGreaterThan(round * 8));
        const before = performance.now();
        await stopping.stop();
        expect(performance.now() - before).toBeLessThan(50_000);
        const open = (await deliveries()).filter(({ state }) => state === "waiting");
        expect(await jobs()).toEqual(open.map(() => ({ task_identifier: "event_bus:one", locked_by: null })));
      }
      await start([one], { worker });
      const rows = await allIn("delivered", 500);
      expect(rows.every(({ attempts, errors }) => attempts === 1 && errors.length === 0)).toBe(true);
    },
  );
});
