// npm run bench [suite…]: builds the benchmarks as the package is built, and runs them. What tsx makes of functions, so
// that they keep their names, costs more than some of what is measured.
import { spawnSync } from "node:child_process";
import { rolldown } from "rolldown";

// Files are looked for two folders up from where the code is, as from test/support.
const BUILT = "node_modules/.bench/run.js";

process.chdir(`${import.meta.dirname}/..`);
const build = await rolldown({
  input: "bench/run.ts",
  platform: "node",
  external: (id) => !/^(\.|\/|[A-Za-z]:)/.test(id),
  tsconfig: "tsconfig.json",
});
await build.write({ file: BUILT, format: "esm", sourcemap: true, codeSplitting: false });
await build.close();
const { status } = spawnSync(process.execPath, [BUILT, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(status ?? 1);
