import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

import { GRAPHILE_WORKER } from "./graphile-version.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A program that Node runs without further ado. */
export interface Bundle {
  readonly file: string;
  /** The package as the program has it in itself. */
  readonly library: string;
  remove(): void;
}

/** Builds a program from the sources as they are. It stands inside of node_modules, so that packages are found from there. */
export async function bundle(source: string): Promise<Bundle> {
  const folder = mkdtempSync(join(root, "node_modules/.ex-event-bus-"));
  const build = await rolldown({
    input: { main: join(root, source), index: join(root, "src/index.ts") },
    platform: "node",
    external: (id) => !/^[./]/.test(id),
    tsconfig: join(root, "tsconfig.build.json"),
  });
  await build.write({
    dir: folder,
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    format: "esm",
    paths: { "graphile-worker": GRAPHILE_WORKER },
  });
  await build.close();
  const [file, library] = [join(folder, "main.mjs"), join(folder, "index.mjs")];
  return { file, library, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
