import { checkInteger, checkOptions, type Place } from "../registry/check-options.js";
import { checkDatabaseNames, type DatabaseOptions } from "../registry/database-names.js";

/** How a matcher reads the database. */
export interface LookOptions extends DatabaseOptions {
  /** How long the matcher repeats its query, in milliseconds, until it passes. Defaults to 0: it queries once. */
  readonly withinMs?: number | undefined;
  /** Only events after this position. Defaults to 0: all events. */
  readonly after?: number | undefined;
}

/** {@link LookOptions}, checked. */
export interface Look {
  readonly withinMs: number;
  readonly after: number;
  readonly database: DatabaseOptions;
}

/** @throws EventBusError `INVALID_OPTION`. */
export function checkLook(options: unknown = {}, place: Place): Look {
  const given = checkOptions(options, ["withinMs", "after", "database"], place);
  const { database } = given as DatabaseOptions;
  checkDatabaseNames(database, [], place);
  const milliseconds = { min: 0, max: 2_147_483_647, defaultsTo: 0, of: "milliseconds" };
  const positions = { min: 0, max: Number.MAX_SAFE_INTEGER, defaultsTo: 0 };
  return {
    withinMs: checkInteger(given, "withinMs", milliseconds, place),
    after: checkInteger(given, "after", positions, place),
    database: database === undefined ? {} : { database },
  };
}

const PAUSE_MS = 20;

// Fake timers of a test replace these later. The database does not answer by their clock, and with them a check that
// waits would never end.
const { setTimeout: later } = globalThis;
const now = performance.now.bind(performance);

/** Repeats `see` until `isThere` accepts its result or the time is over. Returns the last result. */
export async function look<T>(
  withinMs: number,
  see: () => Promise<T>,
  isThere: (seen: T) => boolean,
): Promise<T> {
  const endsAt = now() + withinMs;
  for (;;) {
    const seen = await see();
    const leftMs = endsAt - now();
    if (leftMs <= 0 || isThere(seen)) return seen;
    await new Promise((resolve) => later(resolve, Math.min(PAUSE_MS, leftMs)));
  }
}
