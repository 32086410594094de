const MOMENT =
  /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:[+-]\d\d(?::\d\d(?::\d\d)?)?)?( BC)?$/;

/**
 * A moment as PostgreSQL writes it, that drivers do not read: years before Christ and those with more than four digits. What
 * stands there is taken for UTC, as Prisma's adapter does. Infinity stays a text: there is no such `Date`.
 */
export function unusualMoment(text: string): Date | string {
  const match = MOMENT.exec(text);
  if (match === null) return text;
  const [, year, month, day, hours = 0, minutes = 0, seconds = 0, fraction = "", era] = match;
  const date = new Date(0);
  // The year before the first one after Christ is the first one before.
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
