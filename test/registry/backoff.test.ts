import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Backoff,
  backoffDelayMs,
  checkBackoff,
  exponential,
  fixed,
} from "../../src/registry/backoff.js";
import { refusal } from "./refusal.js";

const error = new Error("failed");
/** Random enough to be in the middle: no jitter. */
const middle = () => 0.5;
const untyped = (fn: unknown, ...args: unknown[]) => Reflect.apply(fn as () => Backoff, undefined, args);

describe("exponential", () => {
  it("waits 1 s, 2 s, 4 s … up to an hour", () => {
    const delays = Array.from({ length: 14 }, (_, i) => backoffDelayMs(exponential(), i + 1, error, middle));
    expect(delays.map((ms) => ms / 1000)).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600,
    ]);
  });

  it("waits for about eight hours in the twenty attempts of a subscriber", () => {
    let totalMs = 0;
    for (let attempt = 1; attempt < 20; attempt++)
      totalMs += backoffDelayMs(exponential(), attempt, error, middle);
    expect(totalMs / 3_600_000).toBeCloseTo(8.1, 1);
  });

  it("follows its options", () => {
    const backoff = exponential({ minMs: 10, factor: 3, maxMs: 100, jitter: 0 });
    expect([1, 2, 3, 4].map((attempt) => backoffDelayMs(backoff, attempt, error))).toEqual([10, 30, 90, 100]);
  });

  it("varies delays by its jitter, up and down", () => {
    const backoff = exponential({ jitter: 0.5 });
    expect(backoffDelayMs(backoff, 1, error, () => 0)).toBe(500);
    expect(backoffDelayMs(backoff, 1, error, () => 1)).toBe(1500);
  });

  it("raises the default of maxMs to minMs", () => {
    expect(exponential({ minMs: 7_200_000 })).toMatchObject({ minMs: 7_200_000, maxMs: 7_200_000 });
  });

  it("gives a whole number within its limits for every attempt", () => {
    const options = fc.record({
      minMs: fc.integer({ min: 1, max: 10_000 }),
      factor: fc.double({ min: 1, max: 1000, noNaN: true }),
      maxMs: fc.integer({ min: 10_000, max: 31_536_000_000 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const attempts = fc.integer({ min: 1, max: 10_000 });
    const random = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(options, attempts, random, (given, attempt, chance) => {
        const delayMs = backoffDelayMs(exponential(given), attempt, error, () => chance);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(given.minMs * (1 - given.jitter)));
        expect(delayMs).toBeLessThanOrEqual(Math.ceil(given.maxMs * (1 + given.jitter)));
      }),
    );
  });

  it.each<[object, string]>([
    [{ minMs: 0 }, "minMs: minMs in exponential() is 0: expected milliseconds from 1 to 31536000000"],
    [{ minMs: "1s" }, 'minMs: minMs in exponential() is "1s": expected milliseconds from 1 to 31536000000'],
    [
      { minMs: 5, maxMs: 4 },
      "maxMs: maxMs in exponential() is 4: expected milliseconds from 5 to 31536000000",
    ],
    [{ factor: 0.5 }, "factor: factor in exponential() is 0.5: expected a number from 1 to 1000"],
    [{ jitter: Number.NaN }, "jitter: jitter in exponential() is NaN: expected a number from 0 to 1"],
    [{ max: 5 }, 'max: unknown option "max" in exponential(): did you mean "maxMs"?'],
  ])("refuses %o", (options, message) => {
    expect(refusal(() => untyped(exponential, options))).toBe(`INVALID_OPTION at ${message}`);
  });
});

describe("fixed", () => {
  it("waits the same after every attempt", () => {
    expect([1, 2, 100].map((attempt) => backoffDelayMs(fixed(250), attempt, error))).toEqual([250, 250, 250]);
    expect(backoffDelayMs(fixed(0), 1, error)).toBe(0);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "1s", undefined])("refuses %o", (delayMs) => {
    expect(refusal(() => untyped(fixed, delayMs))).toBe(
      `INVALID_OPTION at delayMs: delayMs in fixed() is ${JSON.stringify(delayMs) === '"1s"' ? '"1s"' : delayMs}: expected milliseconds from 0 to 31536000000`,
    );
  });
});

describe("checkBackoff", () => {
  it("takes exponential delays when nothing is given, or their name", () => {
    expect(checkBackoff(undefined, { of: "f()", path: "retry" })).toEqual(exponential());
    expect(checkBackoff("exponential", { of: "f()", path: "retry" })).toEqual(exponential());
  });

  it("takes what the helpers make, functions, and what is written by hand", () => {
    const backoff = () => 1;
    expect(checkBackoff(backoff, { of: "f()", path: "retry" })).toBe(backoff);
    expect(checkBackoff(fixed(5), { of: "f()", path: "retry" })).toEqual(fixed(5));
    expect(checkBackoff({ kind: "exponential", maxMs: 5000 }, { of: "f()", path: "retry" })).toEqual(
      exponential({ maxMs: 5000 }),
    );
  });

  it.each(["linear", 5, null, {}, { kind: "linear" }])("refuses %o", (value) => {
    expect(refusal(() => checkBackoff(value, { of: "f()", path: "retry" }))).toMatch(
      /^INVALID_OPTION at retry\.backoff: retry\.backoff in f\(\) is .*: expected "exponential", exponential\(\{ … \}\), fixed\(ms\) or a function$/,
    );
  });

  it("refuses what the helpers would refuse", () => {
    expect(refusal(() => checkBackoff({ kind: "fixed", delayMs: -1 }, { of: "f()", path: "retry" }))).toMatch(
      /delayMs in fixed\(\) is -1/,
    );
    expect(
      refusal(() => checkBackoff({ kind: "exponential", minMs: -1 }, { of: "f()", path: "retry" })),
    ).toMatch(/minMs in exponential\(\)/);
  });
});

describe("backoffDelayMs", () => {
  it("asks a function, with the attempt and its error", () => {
    expect(backoffDelayMs((attempt, failure) => (failure === error ? attempt * 1.4 : 0), 2, error)).toBe(3);
  });

  it.each([
    [Number.NaN, "NaN"],
    [-1, "-1"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    ["1s", '"1s"'],
    [undefined, "undefined"],
    [Promise.resolve(1), "a Promise"],
  ])("refuses a function that returns %o", (value, text) => {
    expect(refusal(() => backoffDelayMs((() => value) as () => number, 3, error))).toBe(
      `INVALID_OPTION at retry.backoff: the backoff function returned ${text} for attempt 3: expected milliseconds from 0 to 31536000000`,
    );
  });

  it("refuses a function that throws, and keeps what it threw", () => {
    const thrown = new Error("mistake");
    const call = () =>
      backoffDelayMs(
        () => {
          throw thrown;
        },
        3,
        error,
      );
    expect(refusal(call)).toBe(
      "INVALID_OPTION at retry.backoff: the backoff function threw for attempt 3: expected milliseconds",
    );
    expect(call).toThrow(expect.objectContaining({ cause: thrown }));
  });
});
