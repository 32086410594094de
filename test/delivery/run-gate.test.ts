import { describe, expect, it } from "vitest";

import { openGate, type RunGate } from "../../src/delivery/run-gate.js";
import { eventually } from "../support/eventually.js";

const never = new AbortController().signal;

/** Something that runs until it is told to end. */
function longRun() {
  let end = () => {};
  const run = () =>
    new Promise<string>((resolve) => {
      end = () => resolve("long");
    });
  return { run, end: () => end() };
}

function together<T>(gate: RunGate, run: () => Promise<T>, stop: AbortSignal): Promise<T> {
  const entered = gate.enter(stop);
  const running = entered === undefined ? run() : entered.then(run);
  return running.finally(gate.leave);
}

describe("a gate", () => {
  it("refuses who wants to run alone while others run, at once", async () => {
    const gate = openGate();
    const long = longRun();
    const running = together(gate, long.run, never);
    expect(await gate.alone(async () => "alone", never)).toBeUndefined();
    expect(await together(gate, async () => "other", never)).toBe("other");
    long.end();
    expect(await running).toBe("long");
    expect(await gate.alone(async () => "alone", never)).toBe("alone");
  });

  it("holds others up after several refusals, until those that run have ended", async () => {
    const gate = openGate({ refusals: 1, holdMs: 60_000, restMs: 60_000 });
    const order: string[] = [];
    const long = longRun();
    const running = together(gate, long.run, never);
    expect(await gate.alone(async () => "alone", never)).toBeUndefined();
    const alone = gate.alone(async () => void order.push("alone"), never);
    const other = together(gate, async () => void order.push("other"), never);
    long.end();
    await Promise.all([running, alone, other]);
    expect(order).toEqual(["alone", "other"]);
  });

  it("gives way when that takes too long, and holds nobody up again soon", async () => {
    // With this rest it stays so for the rest of the test.
    const gate = openGate({ refusals: 0, holdMs: 2_000, restMs: 60_000 });
    const long = longRun();
    const running = together(gate, long.run, never);
    const alone = gate.alone(async () => "alone", never);
    expect(await together(gate, async () => "other", never)).toBe("other");
    expect(await alone).toBeUndefined();
    expect(await gate.alone(async () => "alone", never)).toBeUndefined();
    long.end();
    await running;
  });

  it("holds up again soon when that took no time", async () => {
    const gate = openGate({ refusals: 0, holdMs: 60_000, restMs: 60_000 });
    for (let times = 1; times <= 3; times++) {
      const long = longRun();
      const running = together(gate, long.run, never);
      const alone = await eventually(async () => {
        const asked = gate.alone(async () => "alone", never);
        const isRefused = await Promise.race([
          asked,
          new Promise((resolve) => setImmediate(resolve, "held")),
        ]);
        expect(isRefused).toBe("held");
        return { asked };
      });
      long.end();
      expect(await alone.asked).toBe("alone");
      await running;
    }
  });

  it("gives way when the worker stops", async () => {
    const gate = openGate({ refusals: 0, holdMs: 60_000, restMs: 60_000 });
    const long = longRun();
    const running = together(gate, long.run, never);
    const stop = new AbortController();
    const alone = gate.alone(async () => "alone", stop.signal);
    stop.abort();
    expect(await alone).toBeUndefined();
    long.end();
    await running;
  });

  it("lets nobody wait any longer who is told to stop", async () => {
    const gate = openGate();
    const long = longRun();
    const alone = gate.alone(long.run, never);
    const stop = new AbortController();
    let hasRun = false;
    const waits = together(
      gate,
      async () => {
        hasRun = true;
        return stop.signal.aborted;
      },
      stop.signal,
    );
    expect(hasRun).toBe(false);
    stop.abort();
    expect(await waits).toBe(true);
    long.end();
    expect(await alone).toBe("long");
  });
});
