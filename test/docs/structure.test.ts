import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { findCommandFault } from "./commands.js";
import { findBlocks, placeOf, readPages, root } from "./markdown.js";
import { findFault } from "./modes.js";

const pages = readPages();

/** The text of a page without its blocks. */
function proseOf(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** The anchors that GitHub gives to headings. */
function anchorsOf(text: string): readonly string[] {
  const headings = proseOf(text).match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("blocks", () => {
  it("say what is to be done with them", () => {
    const faults = pages.flatMap(({ blocks }) =>
      blocks.flatMap((block) => findFault(block)?.replace(/^/, `${placeOf(block)}: `) ?? []),
    );
    expect(faults).toEqual([]);
  });

  it.each([
    ["ts", '"ts" needs a title, or one of check, run, vitest, runner'],
    ["ts skip", '"ts skip" is not one of check, run, vitest, runner'],
    ["sh", '"sh" is not one of run, check'],
    ["python run", 'the language "python" is not one of ts, prisma, sh, sql, json, text'],
    ['ts run title="a.ts"', '"ts run" has a title, but is no file'],
  ])("cannot say %s", (info, fault) => {
    const [block] = findBlocks("page.md", `\`\`\`${info}\nx\n\`\`\`\n`);
    expect(block && findFault(block)).toBe(fault);
  });

  it.each(["```\nx\n```\n", "```ts run\nx\n", "```ts run, please\nx\n```\n"])("are refused: %j", (text) => {
    expect(() => findBlocks("page.md", text)).toThrow("page.md:1");
  });

  it("show files of test/runners as they are", () => {
    const folder = join(root, "test/runners");
    const known = ["vitest", "jest-esm", "jest-cjs"].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => readFileSync(join(folder, name, file), "utf8")),
    );
    const shown = pages.flatMap(({ blocks }) => blocks).filter(({ mode }) => mode === "runner");
    expect(shown.filter(({ text }) => !known.includes(text)).map(placeOf)).toEqual([]);
  });

  it("show models as they are in prisma/schema.prisma", () => {
    const known = new Set(linesOf(readFileSync(join(root, "prisma/schema.prisma"), "utf8")));
    const excerpts = pages.flatMap(({ blocks }) => blocks).filter(({ mode }) => mode === "excerpt");
    expect(excerpts.flatMap(({ text }) => linesOf(text)).filter((line) => !known.has(line))).toEqual([]);
  });
});

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
}

describe("links", () => {
  const links = pages.flatMap(({ path, text }) =>
    Array.from(
      proseOf(text).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g),
      ([, target = "", anchor]) => ({
        from: path,
        to: target === "" ? path : join(dirname(path), target),
        anchor,
      }),
    ),
  );

  it.each(links)("of $from lead to $to#$anchor", ({ to, anchor }) => {
    expect(existsSync(join(root, to))).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(readFileSync(join(root, to), "utf8"))).toContain(anchor);
  });

  it("of README.md lead to every page", () => {
    const reached = links.filter(({ from }) => from === "README.md").map(({ to }) => to);
    expect(
      pages.map(({ path }) => path).filter((path) => path !== "README.md" && !reached.includes(path)),
    ).toEqual([]);
  });
});

describe("commands in sentences", () => {
  const commands = pages.flatMap(({ path, text }) =>
    Array.from(proseOf(text).matchAll(/`(npm (?:run|install|test)[^`]*)`/g), ([, command = ""]) => ({
      path,
      command,
    })),
  );

  it.each(commands)("exist: $command in $path", ({ command }) => {
    expect(findCommandFault(command.split(" "))).toBeUndefined();
  });
});
