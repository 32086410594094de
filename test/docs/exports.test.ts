import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { matchers } from "../../src/matchers/matchers.js";
import { readPages } from "./markdown.js";

const pages = readPages()
  .map(({ text }) => text)
  .join("\n");

const unnamed = (names: readonly string[]) =>
  names.filter((name) => !new RegExp(`\\b${name}\\b`).test(pages));

describe("what the package exports", () => {
  it.each([
    ["ex-event-bus", () => import("../../src/index.js")],
    ["ex-event-bus/worker", () => import("../../src/worker.js")],
    ["ex-event-bus/admin", () => import("../../src/admin.js")],
    ["ex-event-bus/otel", () => import("../../src/otel.js")],
    ["ex-event-bus/testing", () => import("../../src/testing.js")],
    ["ex-event-bus/testing/postgres", () => import("../../src/testing/postgres.js")],
    ["ex-event-bus/vitest", () => import("../../src/vitest.js")],
  ] as const)("from %s is named in README.md or docs/", async (_, load) => {
    expect(unnamed(Object.keys(await load()))).toEqual([]);
  });

  it("from ex-event-bus/jest, which only Jest can load, is that of ex-event-bus/vitest", () => {
    const exportsOf = (entry: string) => {
      const text = readFileSync(new URL(`../../src/${entry}.ts`, import.meta.url), "utf8");
      return text.match(/^export [^;]*;$/gm);
    };
    expect(exportsOf("jest")).toEqual(exportsOf("vitest"));
    expect(exportsOf("jest")).toContain('export { matchers } from "./matchers/matchers.js";');
  });

  it("as matchers is named in README.md or docs/", () => {
    expect(unnamed(Object.keys(matchers))).toEqual([]);
  });
});
