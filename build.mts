// Builds dist/ from the entries that package.json names in `exports` and `bin`:
//   dist/esm, dist/cjs         the code, file by file as in src/
//   dist/types, dist/types-cjs the same declarations twice, since a .d.ts is of the kind that the package.json above
//                              it says, and `import` and `require` each need their own
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";

import { type OutputOptions, rolldown } from "rolldown";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly import: { readonly default: string } }>>;
  readonly bin: Readonly<Record<string, string>>;
}

process.chdir(import.meta.dirname);
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;

/** `./dist/esm/testing/postgres.js` → [`testing/postgres`, `src/testing/postgres.ts`] */
function entryOf(built: string): [name: string, source: string] {
  const name = built.replace("./dist/esm/", "").replace(".js", "");
  return [name, `src/${name}.ts`];
}

const isWritten = ([, source]: [string, string]) => existsSync(source);
const libraries = Object.values(manifest.exports)
  .flatMap((target) => (typeof target === "string" ? [] : [entryOf(target.import.default)]))
  .filter(isWritten);
const programs = Object.values(manifest.bin).map(entryOf).filter(isWritten);

async function bundle(entries: [string, string][], format: "esm" | "cjs"): Promise<void> {
  const output: OutputOptions = {
    dir: `dist/${format}`,
    format,
    preserveModules: true,
    preserveModulesRoot: "src",
    entryFileNames: "[name].js",
    sourcemap: true,
    exports: "named",
    // graphile-worker 0.18 has no CommonJS: where we import it dynamically, it has to stay so.
    dynamicImportInCjs: true,
  };
  const build = await rolldown({
    input: Object.fromEntries(entries),
    platform: "node",
    external: (id) => !/^(\.|\/|[A-Za-z]:)/.test(id) || builtinModules.includes(id),
    tsconfig: "tsconfig.json",
    onwarn: (warning) => {
      throw new Error(`${warning.code}: ${warning.message}`);
    },
  });
  await build.write(output);
  await build.close();
}

rmSync("dist", { recursive: true, force: true });
await bundle([...libraries, ...programs], "esm");
await bundle(libraries, "cjs");
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
for (const [name] of programs) chmodSync(`dist/esm/${name}.js`, 0o755);

const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"];
const { status } = spawnSync(process.execPath, tsc, { stdio: "inherit" });
if (status !== 0) process.exit(1);
cpSync("dist/types", "dist/types-cjs", { recursive: true });
writeFileSync("dist/types-cjs/package.json", '{ "type": "commonjs" }\n');
