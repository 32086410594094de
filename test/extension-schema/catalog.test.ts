import { readFileSync } from "node:fs";

import { PrismaPg } from "@prisma/adapter-pg";
import { describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import type { Models } from "../../src/models/model.js";
import { type RuntimeDataModel, readModels } from "../../src/models/read-models.js";
import { testDatabase } from "../support/database.js";
import { readAnswer } from "./ask-prisma.js";
import { actualTables, expectedTables, type Table } from "./catalog.js";

const { pool } = await testDatabase();
await pool.query(readFileSync(new URL("fixtures/nasty.sql", import.meta.url), "utf8"));

const client = new PrismaClient({ adapter: new PrismaPg("") }) as unknown as {
  readonly _runtimeDataModel: RuntimeDataModel;
  readonly _engineConfig: { readonly inlineSchema: string };
};
const nasty = readAnswer("nasty");
const schemas: [string, Models][] = [
  ["our own schema", readModels(client._runtimeDataModel, client._engineConfig.inlineSchema)],
  ["a schema full of traps", readModels(nasty.runtime, nasty.schema)],
];

/** One part of each table. */
function part(tables: Readonly<Record<string, Table>>, key: keyof Table): object {
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table[key]]));
}

describe.each(schemas)("readModels of %s", (_, models) => {
  const expected = expectedTables(models);

  it.each(["columns", "keys", "labels", "foreignKeys"] as const)(
    "finds the %s that PostgreSQL has",
    async (key) => {
      expect(part(expected, key)).toEqual(part(await actualTables(pool, expected), key));
    },
  );
});
