/** What every terminal shows in one cell each, which is nearly all there is. */
const PLAIN = /^[\x20-\x7e]*$/;
/** A sign that is drawn as an emoji. */
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** Added to the sign before it: marks, joiners, and the vowels and ends of Korean syllables that are written in parts. */
const ADDED = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
/** Wide or Fullwidth in Unicode's EastAsianWidth.txt; what has no character there belongs to the block around it. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]$/u;

const signs = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many cells of a terminal a text takes: two for each ideograph and emoji, none for an accent on a letter. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of signs.segment(text)) width += widthOfSign(segment);
  return width;
}

/** The text as far as it takes no more cells than that; no sign is taken apart. */
export function cutToWidth(text: string, most: number): string {
  if (PLAIN.test(text)) return text.slice(0, most);
  let width = 0;
  for (const { segment, index } of signs.segment(text)) {
    width += widthOfSign(segment);
    if (width > most) return text.slice(0, index);
  }
  return text;
}

function widthOfSign(sign: string): number {
  if (EMOJI.test(sign)) return 2;
  let width = 0;
  for (const character of sign) width += ADDED.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
