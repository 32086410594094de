import { runGenerate } from "../support/schema-client.js";
import { completeExample, exportedNames } from "./example-module.js";
import { type Block, placeOf } from "./markdown.js";
import type { Project } from "./project.js";

/** An example of docs/ as a file of the project. */
export interface Example {
  readonly block: Block;
  /** `docs/define.md:12` */
  readonly place: string;
  readonly file: string;
}

/**
 * Writes the files and the examples of docs/ into a project: one application for all pages, with the client of its own
 * Prisma schema. An example can use what those files export without importing it.
 */
export function writeExamples(project: Project, blocks: readonly Block[]): readonly Example[] {
  const application = new Map<string, string>();
  const examples: Example[] = [];
  const schemas = blocks.filter(({ language, title }) => language === "prisma" && title !== undefined);
  for (const { title = "", text } of schemas) project.write(title, text);
  runGenerate(project.folder, "prisma/schema.prisma");
  for (const block of blocks.filter(({ language, mode }) => language === "ts" && mode !== "runner")) {
    const { title, text } = block;
    const file = title ?? `${block.page.replace(/^docs\/|\.md$/g, "")}-${block.line}.ts`;
    examples.push({ block, place: placeOf(block), file });
    if (title === undefined) continue;
    for (const name of exportedNames(text)) application.set(name, `./${title.replace(/ts$/, "js")}`);
  }
  for (const { block, file } of examples) {
    project.write(file, block.title === undefined ? completeExample(block.text, application) : block.text);
  }
  return examples;
}

/** The compiler's complaints about a file, with the lines of the page. */
export function complaintsAbout({ block, file }: Example, output: string): readonly string[] {
  // An example has one line more than on the page.
  const offset = block.line - (block.title === undefined ? 2 : 1);
  return output.split("\n").flatMap((line) => {
    const [, path, at, message] = /^(.+?)[(:](\d+)[,:].*?(error .*)$/.exec(line) ?? [];
    return path === file ? [`${block.page}:${Number(at) + offset}: ${message}`] : [];
  });
}
