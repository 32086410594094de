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

/** Who runs alone until it has ended. */
function runAlone<T>(gate: RunGate, run: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  return gate.alone({ run, forMs: 3_600_000, share: () => Promise.reject(new Error("too early")) }, stop);
}

describe("a gate", () => {
  it("refuses who wants to run alone while others run, at once", async () => {
    const gate = openGate();
    const long = longRun();
    const running = together(gate, long.run, never);
    expect(await runAlone(gate, async () => "alone", never)).toBeUndefined();
    expect(await together(gate, async () => "other", never)).toBe("other");
    long.end();
    expect(await running).toBe("long");
    expect(await runAlone(gate, async () => "alone", never)).toBe("alone");
  });

  it("holds others up after several refusals, until those that run have ended", async () => {
    const gate = openGate({ refusals: 1, holdMs: 60_000, restMs: 60_000 });
    const order: string[] = [];
    const long = longRun();
    const running = together(gate, long.run, never);
    expect(await runAlone(gate, async () => "alone", never)).toBeUndefined();
    const alone = runAlone(gate, async () => void order.push("alone"), never);
    const other = together(gate, async () => void order.push("other"), never);
    long.end();
    await Promise.all([running, alone, other]);
    expect(order).toEqual(["alone", "other"]);
  });

  it("lets others run beside who runs alone for long, after that is on record, and nobody else alone", async () => {
    const gate = openGate({ refusals: 0, holdMs: 1, restMs: 60_000 });
    const order: string[] = [];
    const long = longRun();
    const share = async () => void order.push("on record");
    const running = gate.alone({ run: long.run, forMs: 1, share }, never);
    await together(gate, async () => void order.push("other"), never);
    expect(order).toEqual(["on record", "other"]);
    expect(await runAlone(gate, async () => "second", never)).toBeUndefined();
    long.end();
    expect(await running).toBe("long");
    expect(await runAlone(gate, async () => "second", never)).toBe("second");
  });

  it("lets nobody in when that cannot be put on record", async () => {
    const gate = openGate();
    const long = longRun();
    let asked = 0;
    const share = () => {
      asked += 1;
      return Promise.reject(new Error("no"));
    };
    const running = gate.alone({ run: long.run, forMs: 1, share }, never);
    const order: string[] = [];
    const other = together(gate, async () => void order.push("other"), never);
    await eventually(() => expect(asked).toBe(1));
    order.push("still alone");
    long.end();
    await Promise.all([running, other]);
    expect(order).toEqual(["still alone", "other"]);
  });

  it("gives way when that takes too long, and holds nobody up again soon", async () => {
    // With this rest it stays so for the rest of the test.
    const gate = openGate({ refusals: 0, holdMs: 2_000, restMs: 60_000 });
    const long = longRun();
    const running = together(gate, long.run, never);
    const alone = runAlone(gate, async () => "alone", never);
    expect(await together(gate, async () => "other", never)).toBe("other");
    expect(await alone).toBeUndefined();
    expect(await runAlone(gate, async () => "alone", never)).toBeUndefined();
    long.end();
    await running;
  });

  it("holds up again soon when that took no time", async () => {
    const gate = openGate({ refusals: 0, holdMs: 60_000, restMs: 60_000 });
    for (let times = 1; times <= 3; times++) {
      const long = longRun();
      const running = together(gate, long.run, never);
      const alone = await eventually(async () => {
        const asked = runAlone(gate, async () => "alone", never);
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
    const alone = runAlone(gate, async () => "alone", stop.signal);
    stop.abort();
    expect(await alone).toBeUndefined();
    long.end();
    await running;
  });

  it("lets nobody wait any longer who is told to stop", async () => {
    const gate = openGate();
    const long = longRun();
    const alone = runAlone(gate, long.run, never);
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
