import { EventBusError } from "../errors.js";
import {
  checkNumber,
  checkOptions,
  describe,
  invalidOption,
  isObject,
  type Place,
  within,
} from "./check-options.js";

/** Growing delays. Made by {@link exponential}. */
export interface ExponentialBackoff {
  readonly kind: "exponential";
  readonly minMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
}

/** Equal delays. Made by {@link fixed}. */
export interface FixedBackoff {
  readonly kind: "fixed";
  readonly delayMs: number;
}

/** The delay in milliseconds after a failed attempt; `attempt` is that attempt, from 1. */
export type BackoffFunction = (attempt: number, error: unknown) => number;

/** How long a delivery waits after a failed attempt. */
export type Backoff = ExponentialBackoff | FixedBackoff | BackoffFunction;

/** The longest delay in milliseconds: 365 days. */
export const longestDelayMs = 31_536_000_000;

/** Options of {@link exponential}. */
export interface ExponentialOptions {
  /** The delay after the first attempt, in milliseconds. Defaults to 1000. */
  readonly minMs?: number | undefined;
  /** The factor between one delay and the next, at least 1. Defaults to 2. */
  readonly factor?: number | undefined;
  /** The longest delay, in milliseconds. Defaults to 3600000 (an hour). */
  readonly maxMs?: number | undefined;
  /** The share, 0 to 1, by which a delay is varied at random up or down. Defaults to 0.2. */
  readonly jitter?: number | undefined;
}

/**
 * Delays that grow: `minMs * factor ** (attempt - 1)`, up to `maxMs`, varied by `jitter` so that deliveries
 * that failed together are not retried together. The default waits 1 s, 2 s, 4 s … up to an hour.
 *
 * @throws EventBusError `INVALID_OPTION`
 *
 * @example
 * ```ts
 * defineSubscriber({ name: "sync", events: [UserRegistered], handle, retry: { backoff: exponential({ maxMs: 60_000 }) } });
 * ```
 */
export function exponential(options: ExponentialOptions = {}): ExponentialBackoff {
  const place = { of: "exponential()" };
  const given = checkOptions(options, ["minMs", "factor", "maxMs", "jitter"], place);
  const number = (option: string, defaultsTo: number, min: number, max: number) =>
    checkNumber(given, option, { min, max, defaultsTo }, place);
  const milliseconds = (option: string, defaultsTo: number, min: number) =>
    checkNumber(given, option, { min, max: longestDelayMs, defaultsTo, of: "milliseconds" }, place);
  const minMs = milliseconds("minMs", 1000, 1);
  const maxMs = milliseconds("maxMs", Math.max(3_600_000, minMs), minMs);
  return Object.freeze({
    kind: "exponential",
    minMs,
    factor: number("factor", 2, 1, 1000),
    maxMs,
    jitter: number("jitter", 0.2, 0, 1),
  });
}

/**
 * The same delay after every attempt, in milliseconds.
 *
 * @throws EventBusError `INVALID_OPTION`
 *
 * @example
 * ```ts
 * defineSubscriber({ name: "poll", events: [OrderPaid], handle, retry: { maxAttempts: 100, backoff: fixed(5000) } });
 * ```
 */
export function fixed(delayMs: number): FixedBackoff {
  if (isDelay(delayMs)) return Object.freeze({ kind: "fixed", delayMs });
  throw invalidOption("delayMs", delayMs, `milliseconds from 0 to ${longestDelayMs}`, { of: "fixed()" });
}

/** Checks the option `backoff`. */
export function checkBackoff(value: unknown, place: Place): Backoff {
  if (value === undefined || value === "exponential") return exponential();
  if (typeof value === "function") return value as BackoffFunction;
  // Built again, so that an object written by hand is checked too.
  if (isObject(value) && value["kind"] === "exponential") {
    const { kind: _, ...options } = value;
    return exponential(options);
  }
  if (isObject(value) && value["kind"] === "fixed") {
    const { kind: _, ...options } = value;
    return fixed(checkOptions(options, ["delayMs"], within(place, "backoff"))["delayMs"] as number);
  }
  const expected = '"exponential", exponential({ … }), fixed(ms) or a function';
  throw invalidOption("backoff", value, expected, place);
}

/**
 * How long to wait after `attempt` failed with `error`, in whole milliseconds.
 *
 * @param attempt the attempt that failed, from 1.
 * @param random a number from 0 to 1, as `Math.random` gives it.
 * @throws EventBusError `INVALID_OPTION` if a function throws or returns no delay. The delivery is not lost: its caller
 * uses the delay of `exponential()` instead, and reports the error.
 */
export function backoffDelayMs(
  backoff: Backoff,
  attempt: number,
  error: unknown,
  random: () => number = Math.random,
): number {
  if (typeof backoff === "function") return askFunction(backoff, attempt, error);
  if (backoff.kind === "fixed") return Math.round(backoff.delayMs);
  const { minMs, factor, maxMs, jitter } = backoff;
  const delayMs = Math.min(maxMs, minMs * factor ** (attempt - 1));
  return Math.round(delayMs * (1 + jitter * (2 * random() - 1)));
}

function askFunction(backoff: BackoffFunction, attempt: number, error: unknown): number {
  let delayMs: unknown;
  try {
    delayMs = backoff(attempt, error);
  } catch (cause) {
    const message = `the backoff function threw for attempt ${attempt}: expected milliseconds`;
    throw new EventBusError("INVALID_OPTION", message, { cause, path: "retry.backoff" });
  }
  if (isDelay(delayMs)) return Math.round(delayMs);
  const found = `the backoff function returned ${describe(delayMs)} for attempt ${attempt}`;
  const message = `${found}: expected milliseconds from 0 to ${longestDelayMs}`;
  throw new EventBusError("INVALID_OPTION", message, { value: delayMs, path: "retry.backoff" });
}

function isDelay(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= longestDelayMs;
}
