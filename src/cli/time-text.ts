/**
 * A moment in UTC, for people. One that no `Date` can be, such as PostgreSQL's `infinity`, comes into a table by hand: it shall
 * not hide what is listed beside it.
 */
export function timeText(moment: Date): string {
  return Number.isNaN(moment.getTime()) ? "out of range" : moment.toISOString();
}
