import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { entries, installPackage, root } from "./installed-package.js";

const project = await installPackage();
const operate = readFileSync(join(root, "docs/operate.md"), "utf8");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly typesVersions: { readonly "*": Readonly<Record<string, readonly string[]>> };
};
afterAll(() => project.remove());

describe("the packed package", () => {
  it("is built from the sources as they are", () => {
    const newest = (folder: string) =>
      Math.max(
        ...readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => /\.[jt]s$/.test(name))
          .map((name) => statSync(join(root, folder, name)).mtimeMs),
      );
    expect(newest("dist"), "src/ changed after the build: npm run build").toBeGreaterThan(newest("src"));
  });

  it("holds the build and what npm adds, nothing else", () => {
    const others = project.files.filter((path) => !/^(dist|docs)\//.test(path));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  });
});

// Prints the names that an entry exports, and the packages that loading it has loaded (CommonJS knows them).
const report = `
const names = Object.keys(entry).filter((name) => name !== "default" && name !== "module.exports").sort();
const cache = typeof require === "function" ? Object.keys(require.cache) : [];
console.log(JSON.stringify({ names, loadsWorker: cache.some((path) => path.includes("graphile-worker")) }));
`;

async function load(how: "import" | "require", entry: string) {
  const code =
    how === "import"
      ? `import * as entry from "${entry}"; ${report}`
      : `const entry = require("${entry}"); ${report}`;
  const type = how === "import" ? "--input-type=module" : "--input-type=commonjs";
  const { exitCode, output } = await project.node(type, "--eval", code);
  expect(exitCode, output).toBe(0);
  return JSON.parse(output) as { names: string[]; loadsWorker: boolean };
}

describe.each(entries)("%s", (entry) => {
  it("exports the same by import and by require", async () => {
    const imported = await load("import", entry);
    expect(imported.names).not.toEqual([]);
    expect((await load("require", entry)).names).toEqual(imported.names);
  });

  // Jest cannot load it: whatever tests import must do without.
  it("loads graphile-worker only if it is the worker", async () => {
    expect((await load("require", entry)).loadsWorker).toBe(entry.endsWith("/worker"));
  });
});

describe("the program ex-event-bus", () => {
  it("shows what it can do", async () => {
    // The file that docs/operate.md names: what is in .bin is no JavaScript where pnpm has put it there.
    const [program = ""] = /node_modules\/ex-event-bus\/\S+\.js/.exec(operate) ?? [];
    for (const file of [program, "node_modules/.bin/ex-event-bus"]) {
      const { exitCode, output } = await project.node(file, "--help");
      expect(exitCode, output).toBe(0);
      expect(output).toContain("Usage: ex-event-bus");
    }
  });
});

describe("for compilers that do not read exports", () => {
  it("every entry has its types", () => {
    const paths = Object.keys(manifest.exports).filter((path) => !["./package.json", "."].includes(path));
    expect(Object.keys(manifest.typesVersions["*"])).toEqual(paths.map((path) => path.replace("./", "")));
    const files = Object.values(manifest.typesVersions["*"]).flat();
    expect(files.filter((file) => !project.files.includes(file.replace("./", "")))).toEqual([]);
  });

  it("CommonJS compiles", async () => {
    const imports = entries.map((entry, index) => `import entry${index} = require("${entry}");`);
    const uses = `export const all = [${entries.map((_, index) => `entry${index}`)}];`;
    writeFileSync(join(project.folder, "all-node10.ts"), `${imports.join("\n")}\n${uses}\n`);
    const options = { module: "commonjs", moduleResolution: "node10", target: "es2022", skipLibCheck: true };
    writeFileSync(
      join(project.folder, "tsconfig.node10.json"),
      JSON.stringify({
        compilerOptions: { ...options, types: ["node"], strict: true, noEmit: true },
        files: ["consumer.cts", "all-node10.ts"],
      }),
    );
    const tsc = join(root, "node_modules/typescript5/bin/tsc");
    const { exitCode, output } = await project.node(tsc, "-p", "tsconfig.node10.json");
    expect(exitCode, output).toBe(0);
  });
});

describe.each(["typescript", "typescript5"])("with %s", (compiler) => {
  it.each([
    ["an ES module", "consumer.mts", { module: "nodenext" }],
    ["a CommonJS module", "consumer.cts", { module: "nodenext" }],
    ["a bundler", "consumer.ts", { module: "preserve", moduleResolution: "bundler" }],
  ])("%s compiles", async (_, file, options) => {
    const config = `tsconfig.${compiler}.${file}.json`;
    const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
    const uses = `export const all = [${entries.map((_, index) => `entry${index}`)}];`;
    writeFileSync(join(project.folder, `all-${file}`), `${imports.join("\n")}\n${uses}\n`);
    writeFileSync(
      join(project.folder, config),
      JSON.stringify({
        compilerOptions: { ...options, target: "es2022", types: ["node"], strict: true, noEmit: true },
        files: [file, `all-${file}`],
      }),
    );
    const tsc = join(root, "node_modules", compiler, "bin/tsc");
    const { exitCode, output } = await project.node(tsc, "-p", config);
    expect(exitCode, output).toBe(0);
  });
});
