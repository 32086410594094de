import { describe, expect, it } from "vitest";

import { eventually } from "../support/eventually.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, subscriber, start, publish } = await workerFixture();

const awaits = async () => {
  const { rows } = await pool.query<{ awaits_jobs: boolean }>("select awaits_jobs from event_bus.workers");
  return rows.map((row) => row.awaits_jobs);
};

describe("a worker", () => {
  it("wants no notifications while it is busy, and wants them again when it has nothing to do", async () => {
    let isOver = false;
    await start(
      [
        subscriber("one", async () => {
          // Keeps a job waiting.
          if (!isOver) await publish(1);
        }),
      ],
      { worker: { concurrency: 1 } },
    );
    expect(await awaits()).toEqual([true]);
    await publish(3);
    try {
      await eventually(async () => expect(await awaits()).toEqual([false]));
    } finally {
      isOver = true;
    }
    await eventually(async () => expect(await awaits()).toEqual([true]));
  });
});
