import { readPages } from "./markdown.js";

/** A part of a page below one heading. */
export interface Section {
  /** The words in code of its sentences and tables: they explain options. */
  readonly explained: Set<string>;
  /** These, and the words of its examples. */
  readonly named: Set<string>;
}

/** The sections of README.md and docs/. */
export function readSections(): readonly Section[] {
  return readPages().flatMap(({ text }) => sectionsOf(text));
}

function sectionsOf(text: string): readonly Section[] {
  const sections: Section[] = [];
  const blocks = /(^```[\s\S]*?^```$)/m;
  for (const part of text.split(new RegExp(`${blocks.source}|(?=^#+ )`, "m"))) {
    if (part === undefined) continue;
    const last = sections.at(-1);
    if (part.startsWith("```")) {
      for (const word of wordsOf(part)) last?.named.add(word);
      continue;
    }
    const code = Array.from(part.matchAll(/`([^`]+)`/g), ([, span = ""]) => span);
    const section =
      part.startsWith("#") || last === undefined
        ? { explained: new Set<string>(), named: new Set<string>() }
        : last;
    if (section !== last) sections.push(section);
    for (const word of code.flatMap(wordsOf)) {
      section.explained.add(word);
      section.named.add(word);
    }
  }
  return sections;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[^\w-]+/);
}
