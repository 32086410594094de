import { readdirSync, readFileSync } from "node:fs";

import type { Command } from "commander";
import { describe, expect, it } from "vitest";

import { treeOf } from "../../src/cli/command-tree.js";
import { readOptionTypes } from "./public-options.js";
import { readSections } from "./sections.js";

const sections = readSections();
const types = readOptionTypes(
  ["index", "worker", "admin", "otel", "testing", "testing/postgres", "vitest", "jest"].map(
    (entry) => `src/${entry}.ts`,
  ),
);
const configuration = types.find(({ name }) => name === "ConfigOptions")?.keys ?? [];

describe("the options of the package", () => {
  it.each(types)("$name are explained: $keys", ({ name, keys, functions }) => {
    // Functions that take the configuration and more refer to it as a whole.
    const isMore = name !== "ConfigOptions" && configuration.every((key) => keys.includes(key));
    const own = isMore ? keys.filter((key) => !configuration.includes(key)) : keys;
    // Where a section names the function too.
    const places = functions.map((of) => ({
      of: `${of}()`,
      in: sections.filter(({ named }) => named.has(of)),
    }));
    for (const { of, in: where } of places.length === 0 ? [{ of: "any function", in: sections }] : places) {
      const missing = own.filter((key) => !where.some(({ explained }) => explained.has(key)));
      expect(missing, `${name}: not explained in a section of README.md or docs/ that names ${of}`).toEqual(
        [],
      );
    }
  });
});

describe("the options of the commands", async () => {
  const folder = new URL("../../src/cli/", import.meta.url);
  const files = readdirSync(folder).filter((name) => /-commands?\.ts$/.test(name));
  const modules = await Promise.all(
    files.map((name) => import(new URL(name, folder).href) as Promise<Record<string, () => Command>>),
  );
  const commands = modules.flatMap((module) =>
    Object.entries(module).flatMap(([name, create]) => {
      if (!name.endsWith("Command")) return [];
      const command = create();
      return treeOf(command, command.name());
    }),
  );
  const main = readFileSync(new URL("main.ts", folder), "utf8");
  const ofAll = Array.from(main.matchAll(/"(--[a-z-]+)/g), ([, option = ""]) => option);

  it("that every command has are explained", () => {
    expect(ofAll).toContain("--config");
    expect(ofAll.filter((option) => !sections.some(({ explained }) => explained.has(option)))).toEqual([]);
  });

  it.each(commands)("$path are explained", ({ path, options }) => {
    const names = options.map(({ word }) => word).filter((word) => word !== "--help");
    const where = sections.filter(({ named }) => path.split(" ").every((word) => named.has(word)));
    const missing = names.filter((option) => !where.some(({ explained }) => explained.has(option)));
    expect(missing, `not explained in a section of README.md or docs/ that names "${path}"`).toEqual([]);
  });
});
