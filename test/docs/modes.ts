import type { Block } from "./markdown.js";

/**
 * What the tests do with a block, by its language and the word behind it. There is no way to leave one out.
 *
 * - `ts`, `prisma` with a `title`: a file of the application of its page; the pages of docs/ have one together. The client of
 *   an application is generated from its `prisma` file.
 * - `ts check`: it compiles. `ts run`: it compiles, runs, and logs what the comments behind say. `ts vitest`: it compiles and
 *   its tests pass. `ts runner`: a file of the applications in test/runners, whose tests are run.
 * - `prisma excerpt`: the lines are those of prisma/schema.prisma.
 * - `sh run`: each command is run in the application of README.md. `sh check`: each command exists.
 * - `sql run`: it runs, on a database with the event bus and the tables of prisma/schema.prisma.
 * - `json fixture`: the event is one of test/envelope/fixtures.
 * - `text output`: what the commands before it write. `text figure`: a drawing, of which there is nothing to run.
 */
export const modes: Readonly<Record<string, readonly string[]>> = {
  ts: ["", "check", "run", "vitest", "runner"],
  prisma: ["", "excerpt"],
  sh: ["run", "check"],
  sql: ["run"],
  json: ["fixture"],
  text: ["output", "figure"],
};

/** What is wrong with the fence of a block. */
export function findFault({ language, mode, title }: Block): string | undefined {
  const known = modes[language];
  if (known === undefined) return `the language "${language}" is not one of ${Object.keys(modes).join(", ")}`;
  const isFile = mode === "" && known.includes("");
  if (isFile && title === undefined)
    return `"${language}" needs a title, or one of ${known.filter(Boolean).join(", ")}`;
  if (!known.includes(mode))
    return `"${[language, mode].join(" ").trim()}" is not one of ${known.filter(Boolean).join(", ")}`;
  if (!isFile && title !== undefined) return `"${language} ${mode}" has a title, but is no file`;
  return undefined;
}
