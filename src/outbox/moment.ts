const MOMENT =
  /^(\d{4,})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)( BC)?$/;

/**
 * Reads a moment as PostgreSQL writes it with its offset: in JSON, or as text if `datestyle` is ISO. Microseconds are cut off.
 * Returns an invalid `Date` for any other text, such as `infinity`.
 */
export function momentOf(value: Date | string): Date {
  if (typeof value !== "string") return value;
  const match = MOMENT.exec(value);
  if (match === null) return new Date(Number.NaN);
  const [, year, month, day, hours, minutes, seconds, fraction = "", sign, ...offset] = match;
  const [offsetHours = "0", offsetMinutes = "0", offsetSeconds = "0", isBefore] = offset;
  const moment = new Date(0);
  // There is no year 0: that is 1 BC.
  moment.setUTCFullYear(
    isBefore === undefined ? Number(year) : 1 - Number(year),
    Number(month) - 1,
    Number(day),
  );
  moment.setUTCHours(
    Number(hours),
    Number(minutes),
    Number(seconds),
    Number(fraction.slice(0, 3).padEnd(3, "0")),
  );
  const aheadMs = (Number(offsetHours) * 3600 + Number(offsetMinutes) * 60 + Number(offsetSeconds)) * 1000;
  return new Date(moment.getTime() - (sign === "-" ? -aheadMs : aheadMs));
}

/** The same for a moment that can be null. */
export function momentOrNull(value: Date | string | null): Date | null {
  return value === null ? null : momentOf(value);
}
