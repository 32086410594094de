import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A hundred years, as in the configuration. */
const LONGEST_AGE_MS = 3_155_760_000_000;

/** The forms of a time, for the help of options. */
export const TIME_FORMS = "2026-11-23T14:00 in UTC, 2026-11-23T14:00+01:00, or 2h for two hours ago";

const DATE = /(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/;
const CLOCK = /(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?<fraction>\.\d+)?)?/;
const ZONE = /Z|(?<sign>[+-])(?<zoneHours>0\d|1[0-4])(?::?(?<zoneMinutes>[0-5]\d))?/;
const MOMENT = new RegExp(`^${DATE.source}(?:[T ]${CLOCK.source})? ?(?:${ZONE.source})?$`, "i");

/**
 * The value of an option that is a time: in ISO 8601, or a duration ago, such as `30m`, `2h` or `1d`. A time without a zone is in
 * UTC, like all times that the commands print, so that a printed time can be passed to a command on any machine.
 */
export function parseTime(text: string): Date {
  const time = timeAgo(text) ?? momentOf(text);
  if (time !== undefined && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    "Expected an existing time such as 2026-11-23, 2026-11-23T14:00 (UTC) or 2026-11-23T14:00+01:00, or a duration ago such as " +
      "30m, 2h or 1d.",
  );
}

function timeAgo(text: string): Date | undefined {
  const ms = lengthOf(text);
  return ms === undefined ? undefined : new Date(Date.now() - ms);
}

/** The value of an option that is an age; returns milliseconds. Takes the forms of {@link parseTime} and of the configuration. */
export function parseAge(text: string): number {
  const ms = lengthOf(text.replace(/(?<=\d) (minute|hour|day)s?$/, (_, [letter = ""]) => letter));
  if (ms !== undefined && ms <= LONGEST_AGE_MS) return ms;
  throw new InvalidArgumentError(
    "Expected an age such as 30s, 30m, 12h, 7d, 30 minutes, 12 hours or 7 days, up to 36525d.",
  );
}

function lengthOf(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text) ?? [];
  const unitMs = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  return count === undefined || unitMs === undefined ? undefined : Number(count) * unitMs;
}

function momentOf(text: string): Date | undefined {
  const parts = MOMENT.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const of = (name: string) => Number(parts[name] ?? 0);
  const day = new Date(`${parts["year"]}-${parts["month"]}-${parts["day"]}T00:00Z`);
  // JavaScript takes 31 February for 3 March.
  if (day.getUTCMonth() + 1 !== of("month") || day.getUTCDate() !== of("day")) return undefined;
  const clock = (of("hour") * 60 + of("minute")) * 60_000 + of("second") * 1_000;
  const fraction = Number(`${parts["fraction"] ?? ""}000`.replace(".", "").slice(0, 3));
  const offset = (of("zoneHours") * 60 + of("zoneMinutes")) * 60_000 * (parts["sign"] === "-" ? -1 : 1);
  return new Date(day.getTime() + clock + fraction - offset);
}
