import { describe, expect, it } from "vitest";

import { eventually } from "../../support/eventually.js";
import { workerFixture } from "../worker-fixture.js";

const { pool, subscriber, start, publish } = await workerFixture();

const awaits = async () => {
  const { rows } = await pool.query<{ awaits_jobs: boolean }>("select awaits_jobs from event_bus.workers");
  return rows.map((row) => row.awaits_jobs);
};

describe("a worker", () => {
  it.each([
    ["normal", 3],
    // More than it takes in advance.
    ["high", 30],
  ] as const)(
    "wants no notifications while it is busy, and wants them again when it has nothing to do: throughput %s",
    async (throughput, count) => {
      let isOver = false;
      await start(
        [
          subscriber("one", async () => {
            // Keeps a job waiting.
            if (!isOver) await publish(1);
          }),
        ],
        { worker: { concurrency: 1, throughput } },
      );
      expect(await awaits()).toEqual([true]);
      await publish(count);
      try {
        await eventually(async () => expect(await awaits()).toEqual([false]));
      } finally {
        isOver = true;
      }
      await eventually(async () => expect(await awaits()).toEqual([true]));
    },
  );
});
