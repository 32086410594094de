import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A fenced block of a page: what a reader copies. */
export interface Block {
  /** From the root of the repository: `docs/define.md`. */
  readonly page: string;
  /** The line of its first line of text, from 1. */
  readonly line: number;
  /** The first word after the fence: `ts`. */
  readonly language: string;
  /** The second word: what the tests do with it. Empty for a file of an application. */
  readonly mode: string;
  /** The file that it is, as in `ts title="events.ts"`. */
  readonly title: string | undefined;
  readonly text: string;
}

/** A page of the documentation. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** README.md and every page of docs/, in the order in which README.md names them. */
export function readPages(): readonly Page[] {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const docs = readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .sort((a, b) => readme.indexOf(`](${a})`) - readme.indexOf(`](${b})`));
  return ["README.md", ...docs].map((path) => {
    const text = readFileSync(root + path, "utf8");
    return { path, text, blocks: findBlocks(path, text) };
  });
}

/**
 * The fenced blocks of a page, the indented ones of lists included.
 *
 * @throws when a fence is not closed or says what it should not.
 */
export function findBlocks(page: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", fence, info = ""] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(lines[index] ?? "") ?? [];
    if (fence === undefined) continue;
    const start = index + 1;
    const end = lines.findIndex((line, at) => at >= start && line.trim() === fence);
    if (end < 0) throw new Error(`${page}:${index + 1}: the block is not closed`);
    const content = lines.slice(start, end).map((line) => line.replace(indent, ""));
    blocks.push({
      page,
      line: start + 1,
      ...readInfo(info, `${page}:${index + 1}`),
      text: `${content.join("\n")}\n`,
    });
    index = end;
  }
  return blocks;
}

function readInfo(info: string, place: string): Pick<Block, "language" | "mode" | "title"> {
  const match = /^(\w+)(?: (\w+))?(?: title="([\w./-]+)")?$/.exec(info.trim());
  if (match === null)
    throw new Error(`${place}: expected "language mode" or "language title=…", found "${info}"`);
  const [, language = "", mode = "", title] = match;
  return { language, mode, title };
}

/** Where a block is, for names of tests and messages. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}
