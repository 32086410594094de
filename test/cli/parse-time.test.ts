import { afterEach, describe, expect, it } from "vitest";

import { parseAge, parseTime } from "../../src/cli/parse-time.js";

const { TZ } = process.env;
afterEach(() => {
  if (TZ === undefined) delete process.env["TZ"];
  else process.env["TZ"] = TZ;
});

describe("parseTime", () => {
  it.each([
    ["2026-11-23", "2026-11-23T00:00:00.000Z"],
    ["2026-11-23T14:00", "2026-11-23T14:00:00.000Z"],
    ["2026-11-23 14:00:05", "2026-11-23T14:00:05.000Z"],
    ["2026-11-23T14:00:05.1239Z", "2026-11-23T14:00:05.123Z"],
    ["2026-11-23T14:00:05.29", "2026-11-23T14:00:05.290Z"],
    ["2026-11-23t14:00z", "2026-11-23T14:00:00.000Z"],
    ["2026-11-23T14:00+01:00", "2026-11-23T13:00:00.000Z"],
    ["2026-11-23T14:00-0530", "2026-11-23T19:30:00.000Z"],
    ["2026-11-23 14:00 +02", "2026-11-23T12:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["0050-01-01", "0050-01-01T00:00:00.000Z"],
  ])("takes %s for %s, wherever the machine is", (text, expected) => {
    for (const zone of ["UTC", "America/New_York", "Asia/Kathmandu"]) {
      process.env["TZ"] = zone;
      expect(parseTime(text).toISOString()).toBe(expected);
    }
  });

  it.each([
    "2026-02-31",
    "2026-02-29T10:00Z",
    "2026-04-31T10:00",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-11-23T24:00",
    "2026-11-23T14:60",
    "2026-11-23T14",
    "2026-11-23T14:00+15:00",
    "2026-11-23T14:00 CET",
    "2026-11-23 garbage",
    "23.11.2026",
    "yesterday",
    "2 weeks",
    "-2h",
    "9999999999999d",
    "",
  ])("refuses %j", (text) => {
    expect(() => parseTime(text)).toThrow("Expected an existing time such as 2026-11-23");
  });

  it.each([
    ["90s", 90_000],
    ["1.5h", 5_400_000],
    ["30 min", 1_800_000],
    ["1d", 86_400_000],
  ])("takes %s for so long ago", (text, ms) => {
    const before = Date.now();
    const time = parseTime(text).getTime();
    expect(time).toBeGreaterThanOrEqual(before - ms);
    expect(time).toBeLessThanOrEqual(Date.now() - ms);
  });
});

it.each([
  ["30s", 30_000],
  ["1m", 60_000],
  ["5 min", 300_000],
  ["2h", 7_200_000],
  ["1.5 hours", 5_400_000],
  ["1 minute", 60_000],
  ["7 days", 604_800_000],
  ["0d", 0],
  ["36525d", 3_155_760_000_000],
])("reads the age %s", (text, ms) => {
  expect(parseAge(text)).toBe(ms);
});

it.each(["", "7", "-1d", "1 week", "2 hour ago", "1dday", "days", "1 constructor", "36526d"])(
  "refuses the age %j",
  (text) => {
    expect(() => parseAge(text)).toThrow("Expected an age such as 30s, 30m, 12h, 7d, 30 minutes");
  },
);
