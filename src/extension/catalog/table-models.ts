import type { Model, Models, ScalarField } from "../../models/model.js";
import type { CatalogTable } from "../../outbox/read-catalog.js";

/**
 * The model of a table. Tables that the Prisma schema does not have, those of implicit many-to-many relations among
 * them, get one that holds the columns of their keys, as texts.
 */
export function tableModels(
  models: Models,
  defaultSchema: string,
  tables: readonly CatalogTable[],
): (schema: string, table: string) => Model {
  const made = new Map<string, Model>();
  for (const model of models.values()) made.set(tableId(model.schema ?? defaultSchema, model.table), model);
  for (const table of tables) {
    const id = tableId(table.schema, table.name);
    if (!made.has(id)) made.set(id, makeModel(id, table));
  }
  return (schema, name) => {
    const id = tableId(schema, name);
    return made.get(id) ?? makeModel(id, { schema, name, key: [], columns: [] });
  };
}

/** PostgreSQL keeps 63 bytes of a name. */
export function tableId(schema: string, table: string): string {
  return JSON.stringify([cut(schema), cut(table)]);
}

function cut(name: string): string {
  return Buffer.byteLength(name) <= 63 ? name : Buffer.from(name).subarray(0, 63).toString();
}

function makeModel(name: string, table: Pick<CatalogTable, "schema" | "name" | "key" | "columns">): Model {
  const columns = table.columns.map((column) => column.name);
  const identity = { name, fields: table.key.length > 0 ? table.key : columns };
  return {
    name,
    jsName: name,
    isView: false,
    table: table.name,
    schema: table.schema,
    scalars: new Map(columns.map((column) => [column, textColumn(column)])),
    relations: new Map(),
    keys: [identity],
    identity,
    referenced: new Set(),
  };
}

function textColumn(column: string): ScalarField {
  return {
    name: column,
    column,
    type: "String",
    isList: false,
    isOptional: true,
    isUpdatedAt: false,
    nativeType: undefined,
    isReadAsText: true,
  };
}
