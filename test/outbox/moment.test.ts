import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { momentOf, momentOrNull } from "../../src/outbox/moment.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();

/** What PostgreSQL writes of moments in a zone, as JSON and as text in ISO style. */
async function written(seconds: readonly number[], zone: string) {
  const client = await pool.connect();
  try {
    await client.query("select set_config('timezone', $1, false), set_config('datestyle', 'ISO', false)", [
      zone,
    ]);
    const { rows } = await client.query(
      `select to_json(to_timestamp(s)) #>> '{}' as json, to_timestamp(s)::text as text,
              trunc(extract(epoch from to_timestamp(s)) * 1000)::text as ms
         from unnest($1::float8[]) s`,
      [seconds],
    );
    return rows as { json: string; text: string; ms: string }[];
  } finally {
    client.release(true);
  }
}

const seconds = fc.array(
  fc.oneof(
    fc.integer({ min: -60e9, max: 250e9 }),
    fc.integer({ min: 0, max: 4e12 }).map((ms) => ms / 1000),
    fc.integer({ min: 0, max: 2e15 }).map((us) => us / 1e6),
  ),
  { minLength: 1, maxLength: 20 },
);

describe("momentOf", () => {
  it.each(["UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Amsterdam", "Pacific/Apia", "-00:30"])(
    "reads what PostgreSQL writes in the zone %s",
    (zone) =>
      fc.assert(
        fc.asyncProperty(seconds, async (some) => {
          for (const { json, text, ms } of await written(some, zone)) {
            expect([json, momentOf(json).getTime()]).toEqual([json, Number(ms)]);
            expect([text, momentOf(text).getTime()]).toEqual([text, Number(ms)]);
          }
        }),
        { numRuns: 10 },
      ),
  );

  it.each(["infinity", "-infinity", "", "2026-11-30", "2026-11-30 12:00:00", "30/11/2026 12:00:00 UTC"])(
    "makes no moment of %j",
    (text) => expect(momentOf(text).getTime()).toBeNaN(),
  );

  it("leaves a Date as it is, and null where there may be none", () => {
    const date = new Date();
    expect(momentOf(date)).toBe(date);
    expect(momentOrNull(date)).toBe(date);
    expect(momentOrNull(null)).toBeNull();
  });
});
