import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { outcomeOf } from "./outcome.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

async function compile(compiler: string, project: string): Promise<string> {
  const command = [`node_modules/${compiler}/bin/tsc`, "--pretty", "false", "-p", project];
  const { output } = await outcomeOf(run(process.execPath, command, { cwd: root }));
  return output;
}

/** What must compile and what must not (@ts-expect-error) stands in test/types. */
export function describeTypes(compiler: "typescript" | "typescript5"): void {
  describe(`the types, with ${compiler}`, () => {
    it.each([
      ["a client of prisma-client", "test/types"],
      ["a client of prisma-client-js", "test/types/client-js"],
      ["a registered client", "test/types/registered"],
    ])("fit %s", async (_, project) => {
      expect(await compile(compiler, project)).toBe("");
    });

    it.each([
      ["a draft", "wrong-drafts.ts"],
      ["a capture rule", "wrong-rules.ts"],
      ["a call", "wrong-calls.ts"],
    ])("let the compiler say what is wrong with %s", async (_, file) => {
      const lines = readFileSync(`${root}test/types/wrong/${file}`, "utf8").split("\n");
      const complaints = complaintsIn(await compile(compiler, "test/types/wrong")).filter(({ text }) =>
        text.startsWith(`test/types/wrong/${file}(`),
      );
      const expected = lines.flatMap((line, index) => {
        const [, place = "", message = ""] = /; \/\/ (\S+) \| (.+)$/.exec(line) ?? [];
        return place === "" ? [] : [{ line: index + 1, place, message }];
      });
      expect(complaints.map(({ line }) => line)).toEqual(expected.map(({ line }) => line));
      for (const [index, { line, place, message }] of expected.entries()) {
        const { column = 0, text = "" } = complaints[index] ?? {};
        expect(lines[line - 1]?.slice(column - 1).startsWith(place), text).toBe(true);
        expect(text).toContain(message);
        expect(text).not.toContain("'never'");
      }
    });
  });
}

interface Complaint {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

function complaintsIn(output: string): readonly Complaint[] {
  return output.split(/^(?=\S)/m).map((text) => {
    const [, line, column] = /^[^(]+\((\d+),(\d+)\): error /.exec(text) ?? [];
    return { line: Number(line), column: Number(column), text };
  });
}
