import { expect, it } from "vitest";

import { cutToWidth, displayWidth } from "../../src/cli/display-width.js";

it.each<[string, string, number]>([
  ["letters", "abc", 3],
  ["accents of their own", "e\u0301o\u0308\u0323", 2],
  ["letters with accents", "éöß", 3],
  ["Cyrillic, Greek, Hebrew with points", "даγ\u05e9\u05c1", 4],
  ["ideographs", "日本", 4],
  ["rare ideographs", "\u{20000}", 2],
  ["kana, of full and half width", "アｱ", 3],
  ["letters of full width", "ＡＢ", 4],
  ["a Korean syllable, whole and in parts", "\uac01\u1100\u1161\u11a8", 4],
  ["emoji", "👍⌚", 4],
  ["emoji of several signs", "👩‍👩‍👧‍👦🇩🇪👍🏽⚠️1️⃣", 10],
  ["signs that can be emoji and are not", "©™↔", 3],
  ["what is never seen", "a\u200bb\u2060", 2],
  ["arrows and boxes", "→│…", 3],
  ["half of a pair", "\ud800", 1],
])("%s", (_, text, width) => {
  expect(displayWidth(text)).toBe(width);
});

it("cuts between signs", () => {
  expect(cutToWidth("abcdef", 3)).toBe("abc");
  expect(cutToWidth("日本語", 5)).toBe("日本");
  expect(cutToWidth("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301e\u0301");
  expect(cutToWidth("a👩‍👩‍👧‍👦b", 2)).toBe("a");
  expect(cutToWidth("日本", 4)).toBe("日本");
});
