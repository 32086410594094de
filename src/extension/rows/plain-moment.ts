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
