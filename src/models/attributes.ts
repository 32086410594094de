import { endOfString } from "./schema-text.js";

/** An attribute with its arguments: `@relation(fields: [userId], onDelete: Cascade)`. */
export interface Attribute {
  /** Without the leading `@` or `@@`: `id`, `map`, `relation`, `db.Uuid`. */
  readonly name: string;
  /** By name; the first unnamed argument is under the empty name. Values as they stand in the text. */
  readonly args: ReadonlyMap<string, string>;
}

/** All attributes in a part of an entry, in their order. */
export function readAttributes(text: string): readonly Attribute[] {
  const attributes: Attribute[] = [];
  const start = /@@?([\w.]+)/g;
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const open = start.lastIndex;
    let args = "";
    if (text[open] === "(") {
      const close = endOfBrackets(text, open);
      args = text.slice(open + 1, close - 1);
      start.lastIndex = close;
    }
    attributes.push({ name: match[1] ?? "", args: readArguments(args) });
  }
  return attributes;
}

/** `"text"` as the string that it means; other values as they are. */
export function stringValue(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

/** `[a, b(sort: Desc)]` as the names in it. */
export function listValue(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const inner = value.startsWith("[") ? value.slice(1, -1) : value;
  return split(inner).map((item) => item.replace(/\(.*$/s, "").trim());
}

function readArguments(text: string): ReadonlyMap<string, string> {
  const args = new Map<string, string>();
  for (const part of split(text)) {
    const named = /^(\w+)\s*:\s*(.*)$/s.exec(part);
    if (named === null) {
      if (!args.has("")) args.set("", part);
    } else args.set(named[1] ?? "", named[2] ?? "");
  }
  return args;
}

/** The parts between commas that stand outside of brackets and strings. */
function split(text: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character !== undefined && "([{".includes(character)) at = endOfBrackets(text, at) - 1;
    else if (character === "," || character === undefined) {
      const part = text.slice(from, at).trim();
      if (part !== "") parts.push(part);
      from = at + 1;
    }
  }
  return parts;
}

/** The position after the bracket that closes the one at `open`. */
function endOfBrackets(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at) - 1;
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character) && --depth === 0) return at + 1;
  }
  return text.length;
}
