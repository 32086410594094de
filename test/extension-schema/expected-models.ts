import type { Model, Models, ScalarField } from "../../src/models/model.js";
import type { DataModel, DataModelField, DataModelModel } from "./ask-prisma.js";

/** Models as plain objects, keys in an order of their own: what can be compared and read. */
export function plain(models: Models): object {
  return Object.fromEntries(
    Array.from(models, ([name, model]) => [
      name,
      {
        name: model.name,
        jsName: model.jsName,
        table: model.table,
        schema: model.schema,
        scalars: Object.fromEntries(Array.from(model.scalars, ([key, field]) => [key, plainScalar(field)])),
        relations: Object.fromEntries(
          Array.from(model.relations, ([key, { onDelete: _, onUpdate: __, ...relation }]) => [key, relation]),
        ),
        id: idOf(model),
        keys: model.keys.map(({ name, fields }) => `${name}: ${fields.join(", ")}`).sort(),
        identity: model.identity?.fields ?? null,
      },
    ]),
  );
}

function plainScalar({ enumNames, ...field }: ScalarField): object {
  return { ...field, ...(enumNames === undefined ? {} : { labels: Object.fromEntries(enumNames) }) };
}

/** The first of the keys, when the identity is it: `@id` stands in front. */
function idOf(model: Model): readonly string[] | null {
  return model.keys[0] === model.identity ? (model.identity?.fields ?? null) : null;
}

/** The same, from what Prisma itself says. */
export function expectedModels({ models, enums }: DataModel): object {
  const labels = new Map(
    enums.map(({ name, values }) => [
      name,
      Object.fromEntries(values.map((value) => [value.dbName ?? value.name, value.name])),
    ]),
  );
  return Object.fromEntries(models.map((model) => [model.name, expectedModel(model, labels)]));
}

function expectedModel(model: DataModelModel, labels: ReadonlyMap<string, object>): object {
  const { name, dbName, schema, fields } = model;
  const ids =
    model.primaryKey === null
      ? fields.filter((field) => field.isId).map((field) => ({ name: field.name, fields: [field.name] }))
      : [named(model.primaryKey)];
  // A unique key of the block that has one field makes its field unique too: one key, under its given name.
  const single = new Set(model.uniqueIndexes.flatMap((key) => (key.fields.length === 1 ? key.fields : [])));
  const uniques = [
    ...fields
      .filter((field) => field.isUnique && !single.has(field.name))
      .map((field) => ({ name: field.name, fields: [field.name] })),
    ...model.uniqueIndexes.map(named),
  ];
  const isRequired = (field: string) => fields.find(({ name }) => name === field)?.isRequired === true;
  const identity = [...ids, ...uniques].find((key) => key.fields.every(isRequired))?.fields ?? null;
  const [first] = [...ids, ...uniques];
  return {
    name,
    jsName: name.charAt(0).toLowerCase() + name.slice(1),
    table: dbName ?? name,
    schema,
    scalars: Object.fromEntries(
      fields.filter(({ kind }) => kind !== "object").map((field) => [field.name, scalar(field, labels)]),
    ),
    relations: Object.fromEntries(
      fields.filter(({ kind }) => kind === "object").map((field) => [field.name, relation(field)]),
    ),
    id: first !== undefined && first.fields === identity ? identity : null,
    keys: [...ids, ...uniques].map((key) => `${key.name}: ${key.fields.join(", ")}`).sort(),
    identity,
  };
}

function named({ name, fields }: { readonly name: string | null; readonly fields: readonly string[] }) {
  return { name: name ?? fields.join("_"), fields };
}

function scalar(field: DataModelField, labels: ReadonlyMap<string, object>): object {
  const { name, type, isList, isRequired, isUpdatedAt } = field;
  return {
    name,
    column: field.dbName ?? name,
    type,
    isList,
    isOptional: !isRequired,
    isUpdatedAt,
    nativeType: field.nativeType?.[0],
    ...(field.nativeType?.[1][0] === undefined ? {} : { nativeLength: Number(field.nativeType[1][0]) }),
    ...(field.kind === "enum" ? { labels: labels.get(type) } : {}),
  };
}

function relation(field: DataModelField): object {
  return {
    name: field.name,
    model: field.type,
    relationName: field.relationName,
    isList: field.isList,
    isOptional: !field.isRequired,
    fields: field.relationFromFields,
    references: field.relationToFields,
  };
}
