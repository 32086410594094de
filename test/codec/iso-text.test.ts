import fc from "fast-check";
import { expect, it } from "vitest";

import { isoText } from "../../src/codec/encode.js";

it("is the text that Date gives, for every moment that a Date can be", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(isoText(date)).toBe(date.toISOString());
    }),
    { numRuns: 5_000, examples: [[new Date(0)], [new Date(-1)], [new Date(8.64e15)], [new Date(-8.64e15)]] },
  );
});
