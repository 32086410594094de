import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll } from "vitest";

import { DEFAULT_SCHEMA_NAMES, withSchemas } from "../../src/outbox/schema-names.js";
import { captureSql, type TriggerTable } from "../../src/triggers/capture-sql.js";
import { closeLater } from "../extension/support/clients.js";
import type { AnyClient } from "../extension/support/own-schema.js";
import { testDatabase } from "../support/database.js";
import { modelsOf } from "../support/ground-truth.js";
import { generateClient } from "../support/schema-client.js";
import { describeEnvelope, type Engine, MOOD, tables } from "./describe-envelope.js";

const database = await testDatabase();
const { module, remove } = generateClient([MOOD, ...tables.map(({ prisma }) => prisma)].join("\n\n"));
afterAll(remove);

describeEnvelope(database, async (): Promise<Engine> => {
  const adapter = new PrismaPg({ connectionString: database.url });
  const prisma = closeLater(new module.PrismaClient({ adapter }) as AnyClient);
  const models = modelsOf(prisma as never);
  const sql = tables.map(({ model: name, capture }) => {
    const model = models.get(name);
    if (model === undefined) throw new Error(`no model ${name}`);
    const rule = (operation: string) => [{ name: `${name}.${operation}`, version: 1 }];
    const table: TriggerTable = {
      model,
      schema: "public",
      rules: { create: rule("create"), update: rule("update"), delete: rule("delete") },
      omit: new Set(capture?.omit),
      mask: new Map(
        Object.entries(capture?.mask ?? {}).map(([field, text]) => [field, JSON.stringify(text)]),
      ),
    };
    return captureSql(table);
  });
  await database.pool.query(withSchemas(sql.join("\n"), DEFAULT_SCHEMA_NAMES));
  return {
    run: async (operation) => void (await database.pool.query(operation.sql)),
    read: async (model) =>
      (await prisma[model.charAt(0).toLowerCase() + model.slice(1)]?.["findMany"]?.()) as readonly unknown[],
  };
});
