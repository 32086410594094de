/** A block of a Prisma schema: `model User { … }`. */
export interface SchemaBlock {
  readonly kind: string;
  readonly name: string;
  /** Its entries, one for each field, value or block attribute, comments removed, on one line each. */
  readonly entries: readonly string[];
}

/**
 * Reads the blocks of a Prisma schema. An entry may span lines inside of brackets; strings and comments are
 * respected. The text comes from the generated client, so Prisma has validated it already.
 *
 * Why not ask Prisma: the generated client carries this text and a reduced data model without keys, lists,
 * `@updatedAt` and mapped enum values; its own parser is 3 MB of WebAssembly with pre-release version numbers.
 */
export function readBlocks(schema: string): readonly SchemaBlock[] {
  const text = withoutComments(schema);
  const blocks: SchemaBlock[] = [];
  const opening = /(?:^|\n)[ \t]*(\w+)[ \t]+(\w+)[ \t]*\{/g;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [, kind = "", name = ""] = match;
    const { entries, end } = readEntries(text, opening.lastIndex);
    blocks.push({ kind, name, entries });
    opening.lastIndex = end;
  }
  return blocks;
}

function withoutComments(schema: string): string {
  return schema.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (token) =>
    token.startsWith('"') ? token : " ",
  );
}

/** The entries from `start` to the closing brace of the block. */
function readEntries(
  text: string,
  start: number,
): { readonly entries: readonly string[]; readonly end: number } {
  const entries: string[] = [];
  let entry = "";
  let depth = 0;
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      const end = endOfString(text, at);
      entry += text.slice(at, end);
      at = end - 1;
    } else if (character === "}" && depth === 0) break;
    else if (character === "\n" && depth === 0) {
      if (entry.trim() !== "") entries.push(entry.trim());
      entry = "";
    } else {
      if ("([{".includes(character)) depth++;
      if (")]}".includes(character)) depth--;
      entry += character === "\n" ? " " : character;
    }
  }
  if (entry.trim() !== "") entries.push(entry.trim());
  return { entries, end: at };
}

/** The position after the string that starts at `start`. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
