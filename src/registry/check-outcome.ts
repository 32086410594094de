import { EventBusError } from "../errors.js";
import { longestDelayMs } from "./backoff.js";
import { describe } from "./check-options.js";

/**
 * Turns the argument of a handler, milliseconds or a date, into whole milliseconds from now. A past date means at once, because
 * clocks differ. A negative number is a mistake.
 */
export function checkDelay(until: unknown, of: string): number {
  const ms = until instanceof Date ? Math.max(0, until.getTime() - Date.now()) : until;
  if (typeof ms === "number" && ms >= 0 && ms <= longestDelayMs) return Math.round(ms);
  const found = until instanceof Date ? `the date ${dateText(until)}` : describe(until);
  throw new EventBusError(
    "INVALID_OPTION",
    `${of} was given ${found}: expected milliseconds from 0 to ${longestDelayMs} (365 days), or a date up to then`,
    { value: until },
  );
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString();
}

/** Checks the reason of a cancelled delivery, which people will read. */
export function checkReason(reason: unknown): string {
  if (typeof reason === "string" && reason.trim() !== "") return reason;
  throw new EventBusError(
    "INVALID_OPTION",
    `ctx.cancel() was given ${describe(reason)}: expected a text that says why the delivery is cancelled`,
    { value: reason },
  );
}
