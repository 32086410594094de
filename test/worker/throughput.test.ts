import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { runOnce } from "../../src/worker/run-once.js";
import { eventually } from "../support/eventually.js";
import { gate, workerFixture } from "./worker-fixture.js";

const { options, subscriber, start, publish, allIn, deliveries, jobs, terminate } = await workerFixture();
const high = { concurrency: 3, throughput: "high" } as const;
const worker = {
  pollIntervalMs: 200,
  heartbeatMs: 250,
  deadAfterMs: 2_000,
  shutdownTimeoutMs: 5_000,
  ...high,
};

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

describe('a worker with throughput "high"', () => {
  it("makes every delivery once, and runs no more handlers at once than its concurrency says", async () => {
    let running = 0;
    let most = 0;
    const seen: unknown[] = [];
    await start(
      [
        subscriber("one", async (event) => {
          most = Math.max(most, ++running);
          await Promise.resolve();
          running -= 1;
          seen.push(event.aggregate.n);
        }),
      ],
      { worker },
    );
    await publish(200);
    await allIn("delivered", 200);
    expect([most, seen.length, new Set(seen).size]).toEqual([3, 200, 200]);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it("gives back what it has taken in advance when it stops, as if it had never had it", async () => {
    const { opened, open } = gate();
    let running = 0;
    const stopping = await start(
      [
        subscriber("one", async () => {
          running += 1;
          await opened;
        }),
      ],
      { worker: { ...worker, shutdownTimeoutMs: 300 } },
    );
    await publish(40);
    await eventually(() => expect(running).toBe(3));
    await eventually(async () => expect((await jobs()).filter(({ locked_by }) => locked_by)).not.toEqual([]));
    await stopping.worker.stop();
    open();
    expect((await jobs()).filter(({ locked_by }) => locked_by)).toEqual([]);
    await start([subscriber("one", () => undefined)], { worker });
    const rows = await allIn("delivered", 40);
    expect(rows.every(({ attempts, errors }) => attempts === 1 && errors.length === 0)).toBe(true);
  });

  it("makes every delivery when its connections are cut off, and rejects nothing that nobody handles", async () => {
    const { of } = await start([subscriber("one", () => new Promise((resolve) => setTimeout(resolve, 5)))], {
      worker,
    });
    await publish(300);
    await eventually(async () =>
      expect((await deliveries()).some(({ state }) => state === "delivered")).toBe(true),
    );
    await terminate();
    await allIn("delivered", 300);
    expect(of("recover:stop").length).toBeGreaterThan(0);
    expect(rejections).toEqual([]);
  });

  it("has runOnce make everything", async () => {
    const one = subscriber("one", () => undefined);
    await runOnce(options([one], { worker }));
    await publish(50);
    expect(await runOnce(options([one], { worker }))).toMatchObject({ delivered: 50 });
    expect(await jobs()).toEqual([]);
  });
});
