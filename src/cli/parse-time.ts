import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The value of an option that is a time: ISO 8601, or how long ago: `30m`, `2h`, `1d`. */
export function parseTime(text: string): Date {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text) ?? [];
  const unitMs = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (count !== undefined && unitMs !== undefined) return new Date(Date.now() - Number(count) * unitMs);
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    "Expected a time as 2026-11-23 or 2026-11-23T14:00Z, or how long ago as 30m, 2h or 1d.",
  );
}
