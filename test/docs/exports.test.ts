import { describe, expect, it } from "vitest";

import { readPages } from "./markdown.js";

const pages = readPages()
  .map(({ text }) => text)
  .join("\n");

describe("what the package exports", () => {
  it.each([
    ["ex-event-bus", () => import("../../src/index.js")],
    ["ex-event-bus/worker", () => import("../../src/worker.js")],
    ["ex-event-bus/admin", () => import("../../src/admin.js")],
    ["ex-event-bus/otel", () => import("../../src/otel.js")],
    ["ex-event-bus/testing", () => import("../../src/testing.js")],
    ["ex-event-bus/testing/postgres", () => import("../../src/testing/postgres.js")],
  ] as const)("from %s is named in README.md or docs/", async (_, load) => {
    const names = Object.keys(await load());
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(pages))).toEqual([]);
  });
});
