import type { ForeignKey } from "../../outbox/foreign-keys.js";
import type { Model, Models, ScalarField } from "../schema/model.js";

/**
 * The model of a table. Tables that the Prisma schema does not have, those of implicit many-to-many relations among
 * them, get one that holds the columns of their keys, as texts.
 */
export function tableModels(
  models: Models,
  defaultSchema: string,
  keys: readonly ForeignKey[],
): (schema: string, table: string) => Model {
  const made = new Map<string, Model>();
  for (const model of models.values()) made.set(nameOf(model.schema ?? defaultSchema, model.table), model);
  return (schema, table) => {
    const name = nameOf(schema, table);
    const model = made.get(name) ?? makeModel(name, schema, table, keys);
    made.set(name, model);
    return model;
  };
}

function nameOf(schema: string, table: string): string {
  return JSON.stringify([schema, table]);
}

function makeModel(name: string, schema: string, table: string, keys: readonly ForeignKey[]): Model {
  const columns = new Set<string>();
  let primary: readonly string[] = [];
  for (const key of keys) {
    if (key.schema === schema && key.table === table) {
      for (const column of [...key.columns, ...key.key]) columns.add(column);
      primary = key.key;
    }
    if (key.toSchema === schema && key.toTable === table)
      for (const column of key.toColumns) columns.add(column);
  }
  const identity = { name, fields: primary.length > 0 ? primary : Array.from(columns) };
  return {
    name,
    jsName: name,
    isView: false,
    table,
    schema,
    scalars: new Map(Array.from(columns, (column) => [column, textColumn(column)])),
    relations: new Map(),
    keys: [identity],
    identity,
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
