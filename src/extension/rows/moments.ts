/** What nearly all moments look like. `Date.UTC` takes years before 100 for those of the last century. */
const PLAIN_MOMENT = /^(?!00)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?$/;

/** Whether {@link plainMoment} reads a text. */
export function isPlainMoment(text: string): boolean {
  return PLAIN_MOMENT.test(text);
}

/** A moment as PostgreSQL writes it, taken for UTC: what `new Date()` makes of it as ISO 8601, in half of its time. */
export function plainMoment(text: string): Date {
  const two = (at: number) => digit(text, at) * 10 + digit(text, at + 1);
  const milliseconds = digit(text, 20) * 100 + two(21);
  return new Date(
    Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17), milliseconds),
  );
}

const ZERO = 48;

function digit(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) - ZERO : 0;
}

const UNUSUAL_MOMENT =
  /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:[+-]\d\d(?::\d\d(?::\d\d)?)?)?( BC)?$/;

/**
 * A moment as PostgreSQL writes it that drivers do not read: of a year before Christ, or with more than four digits.
 * Taken for UTC, as Prisma's adapter does. Infinity stays a text: no `Date` stands for it.
 */
export function unusualMoment(text: string): Date | string {
  const match = UNUSUAL_MOMENT.exec(text);
  if (match === null) return text;
  const [, year, month, day, hours = 0, minutes = 0, seconds = 0, fraction = "", era] = match;
  const date = new Date(0);
  // The year before 1 is 1 BC.
  const years = era === undefined ? Number(year) : 1 - Number(year);
  date.setUTCFullYear(years, Number(month) - 1, Number(day));
  date.setUTCHours(
    Number(hours),
    Number(minutes),
    Number(seconds),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
  return Number.isNaN(date.getTime()) ? text : date;
}

/**
 * Whether a value is what Prisma gives for a moment that it cannot read: infinity, years before Christ or after 9999.
 */
export function isInvalidDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}
