import { describe, expect, it } from "vitest";

import { checkRetention, keptFor } from "../../src/registry/retention.js";

const place = { of: "defineConfig()" };

describe("checkRetention", () => {
  it.each([
    ["7 days", 604_800_000],
    ["1 day", 86_400_000],
    ["1.5 hours", 5_400_000],
    ["30 minutes", 1_800_000],
    [0, 0],
    [1_000, 1_000],
    [false, false],
  ])("reads %s as %s", (value, expected) => {
    expect(checkRetention({ default: value }, place).default).toBe(expected);
    expect(checkRetention({ events: { E: value } }, place).events).toEqual({ E: expected });
  });

  it.each([
    [
      { default: "7 weeks" },
      'retention.default in defineConfig() is "7 weeks": expected milliseconds from 0, a text as',
    ],
    [{ default: -1 }, "retention.default in defineConfig() is -1: expected"],
    [{ default: true }, "retention.default in defineConfig() is true: expected"],
    [{ events: { E: null } }, "retention.events.E in defineConfig() is null: expected"],
    [
      { events: [] },
      "retention.events in defineConfig() is an empty array: expected an object of ages by event",
    ],
    [{ intervalMs: 1 }, "retention.intervalMs in defineConfig() is 1: expected milliseconds from 100"],
    [{ defualt: 1 }, 'unknown option "retention.defualt" in defineConfig(): did you mean "default"?'],
  ])("refuses %o", (value, message) => {
    expect(() => checkRetention(value, place)).toThrow(message);
  });
});

describe("keptFor", () => {
  it("is the age of the event where it has one, else the default", () => {
    const retention = checkRetention({ default: 5, events: { Audit: false, Click: 0 } }, place);
    expect(["Audit", "Click", "Other", "constructor"].map((name) => keptFor(retention, name))).toEqual([
      false,
      0,
      5,
      5,
    ]);
  });
});
