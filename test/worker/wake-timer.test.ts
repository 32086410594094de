import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { fixed } from "../../src/registry/backoff.js";
import { wakeTimer } from "../../src/worker/wake-timer.js";
import { workerFixture } from "./worker-fixture.js";

describe("wakeTimer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("wakes when something is due, and those together that are due at nearly the same time", () => {
    const woken: number[] = [];
    const { wakeIn } = wakeTimer((count) => void woken.push(count));
    for (const ms of [500, 100, 103, 101]) wakeIn(ms);
    vi.advanceTimersByTime(99);
    expect(woken).toEqual([]);
    vi.advanceTimersByTime(21);
    expect(woken.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(woken.length).toBeLessThanOrEqual(2);
    vi.advanceTimersByTime(400);
    expect(woken.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps one timer for many, and none for what is due at once or much later", () => {
    const woken: number[] = [];
    const { wakeIn, stop } = wakeTimer((count) => void woken.push(count));
    wakeIn(0);
    wakeIn(3_600_000);
    expect(vi.getTimerCount()).toBe(0);
    for (let ms = 1_000; ms > 0; ms--) wakeIn(ms);
    expect(vi.getTimerCount()).toBe(1);
    stop();
    wakeIn(10);
    vi.advanceTimersByTime(5_000);
    expect([woken, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe("a worker", async () => {
  const { start, subscriber, publish, allIn } = await workerFixture();

  it("makes a retry when it is due, and not when it looks for jobs again", async () => {
    const flaky = subscriber(
      "flaky",
      (_, ctx) => (ctx.attempt < 3 ? Promise.reject(new Error("not yet")) : undefined),
      { retry: { backoff: fixed(300) } },
    );
    const late = subscriber("late", (_, ctx) =>
      Date.now() - ctx.insertedAt.getTime() < 300 ? ctx.snooze(300) : undefined,
    );
    await start([flaky, late], {
      worker: { pollIntervalMs: 3_600_000, heartbeatMs: 250, deadAfterMs: 2_000 },
    });
    await publish(3);
    await allIn("delivered", 6);
  });
});
