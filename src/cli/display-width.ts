/** Characters that every terminal shows in one cell each; most texts have no others. */
const PLAIN = /^[\x20-\x7e]*$/;
/** A grapheme that is drawn as an emoji. */
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** Joined to the character before it: marks, joiners, and the later parts of Korean syllables that are written in parts. */
const ADDED = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
/** Wide or Fullwidth in Unicode's EastAsianWidth.txt. Unassigned code points count as the block around them. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]$/u;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many cells of a terminal a text takes: two for each ideograph or emoji, none for an accent on a letter. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** The beginning of a text that takes at most this many cells. No grapheme is split. */
export function cutToWidth(text: string, most: number): string {
  if (PLAIN.test(text)) return text.slice(0, most);
  let width = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    width += widthOfGrapheme(segment);
    if (width > most) return text.slice(0, index);
  }
  return text;
}

function widthOfGrapheme(grapheme: string): number {
  if (EMOJI.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) width += ADDED.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
