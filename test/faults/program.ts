import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The worker process as one file that Node runs without further ado: hundreds of them are started. */
export async function buildProgram(): Promise<{ readonly file: string; remove(): void }> {
  // Inside of node_modules, so that its packages are found from there.
  const folder = mkdtempSync(join(root, "node_modules/.ex-event-bus-faults-"));
  const build = await rolldown({
    input: join(root, "test/faults/worker-process.ts"),
    platform: "node",
    external: (id) => !/^[./]/.test(id),
    tsconfig: join(root, "tsconfig.build.json"),
  });
  await build.write({
    dir: folder,
    entryFileNames: "worker.mjs",
    chunkFileNames: "[name]-[hash].mjs",
    format: "esm",
  });
  await build.close();
  return { file: join(folder, "worker.mjs"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
