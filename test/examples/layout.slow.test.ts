import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it, vi } from "vitest";

import { parseSource, readSources, type SourceFile } from "../support/source-files.js";
import { findCycles, reachablePackages } from "../support/source-rules.js";

const root = new URL("../../", import.meta.url);

// The files of the examples, with what they import of the package as files of src/.
const sources = readSources();
const examples = readdirSync(fileURLToPath(new URL("examples", root)), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `examples/${name.replaceAll("\\", "/")}`)
  .map((path) => withOwnPackage(parseSource(path, readFileSync(new URL(path, root), "utf8"))));

function withOwnPackage(file: SourceFile): SourceFile {
  const imports = file.imports.map((one) =>
    one.target === "ex-event-bus" ? { ...one, target: "src/index.ts", isOwn: true } : one,
  );
  return { ...file, imports };
}

function orders<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/** The files that loading `entry` loads, itself included. */
function reachableFiles(entry: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const { isOwn, isTypeOnly, target } of examples.find(({ path }) => path === entry)?.imports ?? []) {
    if (isOwn && !isTypeOnly) reachableFiles(target, seen);
  }
  return seen;
}

describe.each(["shop", "flights"])("the modules of %s", (example) => {
  const modules = ["events", "db", "subscribers", "ex-event-bus.config"];

  it.each(orders(modules).map((order) => [order.join(", "), order] as const))(
    "can be loaded in the order %s",
    async (_, order) => {
      vi.resetModules();
      for (const name of order) {
        const loaded: object = await import(/* @vite-ignore */ `../../examples/${example}/${name}.ts`);
        const missing = Object.entries(loaded).filter(([, value]) => value === undefined);
        expect(missing, name).toEqual([]);
        expect(Object.keys(loaded), name).not.toEqual([]);
      }
    },
  );

  it("keep handlers and the worker out of the publishing side", () => {
    const db = `examples/${example}/db.ts`;
    expect([...reachableFiles(db)].filter((path) => path.startsWith("examples/")).sort()).toEqual([
      db,
      `examples/${example}/events.ts`,
    ]);
    expect(reachablePackages([...sources, ...examples], db)).not.toContain("graphile-worker");
    expect(reachablePackages([...sources, ...examples], db)).toContain("@prisma/adapter-pg");
  });
});

describe("the examples", () => {
  it("have no import cycles", () => {
    expect(findCycles([...sources, ...examples])).toEqual([]);
  });

  it("name the generated client's type map in one file each", () => {
    const naming = examples.filter(({ path }) =>
      readFileSync(new URL(path, root), "utf8").includes("Prisma.TypeMap"),
    );
    expect(naming.map(({ path }) => path).sort()).toEqual([
      "examples/flights/events.ts",
      "examples/shop/events.ts",
    ]);
  });

  it("import the package by its name", () => {
    const imports = examples.flatMap(({ path, imports: all }) => all.map(({ target }) => ({ path, target })));
    const inside = imports.filter(({ target }) => target.startsWith("src/") && target !== "src/index.ts");
    expect(inside).toEqual([]);
  });
});
