import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { atEndOfFile } from "../support/at-end.js";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** Writes an application into a temporary folder, and deletes it after the test file. Returns the folder. */
export function writeApp(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "ex-event-bus-app-"));
  atEndOfFile(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A tsconfig.json, with what `paths` says. */
export function tsconfig(paths: Readonly<Record<string, readonly string[]>> = {}): string {
  return JSON.stringify({ compilerOptions: { paths } });
}
