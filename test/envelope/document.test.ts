import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { findBlocks, placeOf, root } from "../docs/markdown.js";
import { tablesOf } from "../docs/tables.js";
import { testDatabase } from "../support/database.js";
import { cases } from "./describe-envelope.js";
import { typeRows } from "./type-rows.js";

const page = readFileSync(join(root, "docs/envelope.md"), "utf8");
const [columns = [], hints = []] = tablesOf(page);

describe("docs/envelope.md", () => {
  it("has the types of the fixtures, value by value", () => {
    const types = typeRows();
    const lines = page.split("\n");
    const start = lines.findIndex((line) => line.startsWith("| Prisma |")) + 2;
    expect(lines.slice(start, lines.indexOf("", start))).toEqual(types);
  });

  it("shows events of the fixtures", () => {
    const known = cases.flatMap(({ events }) => events);
    const blocks = findBlocks("docs/envelope.md", page);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(known, placeOf(block)).toContainEqual(JSON.parse(block.text));
  });

  it("names every column of the events, with its type", async () => {
    const { pool } = await testDatabase();
    const { rows } = await pool.query<{ name: string; type: string }>(
      `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = 'event_bus.events'::regclass and attnum > 0 and not attisdropped order by attnum`,
    );
    const documented = columns.map(([name, type]) => ({ name, type }));
    const types: Readonly<Record<string, string>> = { "timestamp with time zone": "timestamptz" };
    expect(documented).toEqual(rows.map(({ name, type }) => ({ name, type: types[type] ?? type })));
  });

  it("names every hint", () => {
    const source = readFileSync(join(root, "src/codec/type-hint.ts"), "utf8");
    const [, union = ""] = /type TypeTag = ([^;]*);/.exec(source) ?? [];
    expect(hints.map(([hint]) => hint)).toEqual(Array.from(union.matchAll(/"(\w+)"/g), ([, tag]) => tag));
  });
});
