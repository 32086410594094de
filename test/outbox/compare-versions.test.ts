import { expect, it } from "vitest";

import { isNewerVersion } from "../../src/outbox/compare-versions.js";

const ascending = [
  "0.1.0",
  "0.1.1",
  "0.2.0",
  "0.10.0",
  "1.0.0-1",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta.9",
  "1.0.0-beta.10",
  "1.0.0-rc.1",
  "1.0.0-rc.2",
  "1.0.0-rc.10",
  "1.0.0",
  "10.0.0",
];

it.each(ascending.flatMap((one, i) => ascending.map((other, k) => [one, other, i > k] as const)))(
  "isNewerVersion(%s, %s) is %s",
  (one, other, expected) => {
    expect(isNewerVersion(one, other)).toBe(expected);
  },
);

it("does not look at what a version was built from", () => {
  expect(isNewerVersion("1.0.0+2", "1.0.0+1")).toBe(false);
  expect(isNewerVersion("1.0.1+1", "1.0.0+2")).toBe(true);
});
