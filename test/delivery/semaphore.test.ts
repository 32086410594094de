import { describe, expect, it } from "vitest";

import { openSemaphore, type Semaphore } from "../../src/delivery/semaphore.js";

async function withPermit<T>(semaphore: Semaphore, run: () => Promise<T>): Promise<T> {
  await semaphore.acquire();
  try {
    return await run();
  } finally {
    semaphore.release();
  }
}

describe("openSemaphore", () => {
  it("lets so many run at once, in the order in which they came, also after failures", async () => {
    const semaphore = openSemaphore(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const runs = [1, 2, 3, 4].map((n) =>
      withPermit(semaphore, async () => {
        started.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 1) throw new Error("no");
        return n;
      }).catch((error: Error) => error.message),
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    expect(started).toEqual([1, 2]);
    ends[0]?.();
    await turn();
    expect(started).toEqual([1, 2, 3]);
    ends[1]?.();
    ends[2]?.();
    await turn();
    expect(started).toEqual([1, 2, 3, 4]);
    ends[3]?.();
    expect(await Promise.all(runs)).toEqual(["no", 2, 3, 4]);
    expect(semaphore.acquire()).toBeUndefined();
  });
});
