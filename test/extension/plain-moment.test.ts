import fc from "fast-check";
import { expect, it } from "vitest";

import { isPlainMoment, plainMoment } from "../../src/extension/rows/as-prisma-reads.js";

const moments = fc.date({
  noInvalidDate: true,
  min: new Date("0100-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
});

it("is what Date reads as ISO 8601, with every number of digits that PostgreSQL writes", () => {
  fc.assert(
    fc.property(
      moments,
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 999 }),
      (date, digits, rest) => {
        const all = `${date.toISOString().slice(0, -1).replace("T", " ")}${String(rest).padStart(3, "0")}`;
        const text = digits === 0 ? all.slice(0, 19) : all.slice(0, 20 + digits);
        expect(isPlainMoment(text)).toBe(true);
        expect(plainMoment(text)).toEqual(new Date(`${text.replace(" ", "T")}Z`));
      },
    ),
    { numRuns: 5_000 },
  );
});

it.each([
  "0099-12-31 00:00:00",
  "10000-01-01 00:00:00",
  "2026-01-01",
  "2026-01-01 00:00:00+01",
  "infinity",
  "0044-03-15 00:00:00 BC",
])("leaves %s to those who look closer", (text) => {
  expect(isPlainMoment(text)).toBe(false);
});
