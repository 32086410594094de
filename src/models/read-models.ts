import { EventBusError } from "../errors.js";
import { type Attribute, listValue, readAttributes, stringValue } from "./attributes.js";
import type { Model, Models, ReferentialAction, RelationField, ScalarField, UniqueKey } from "./model.js";
import { readBlocks, type SchemaBlock } from "./schema-text.js";

/** The part of Prisma's run-time data model that is used: names and columns, which Prisma itself goes by. */
export interface RuntimeDataModel {
  readonly models: Readonly<Record<string, RuntimeModel>>;
}

interface RuntimeModel {
  readonly dbName?: string | null;
  readonly schema?: string | null;
  readonly fields: readonly RuntimeField[];
}

interface RuntimeField {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
  readonly dbName?: string | null;
  readonly relationName?: string | null;
}

interface SchemaField {
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  readonly attributes: readonly Attribute[];
}

type EnumNames = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * Brings together what the generated client knows at run time and what only the text of the schema says.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE` when the two do not fit.
 */
export function readModels(runtime: RuntimeDataModel, schema: string): Models {
  const blocks = readBlocks(schema);
  const enums: EnumNames = new Map(
    blocks.filter((b) => b.kind === "enum").map((b) => [b.name, enumNames(b)]),
  );
  const byName = new Map(
    blocks.filter((b) => b.kind === "model" || b.kind === "view").map((b) => [b.name, b]),
  );
  const models = new Map(
    Object.entries(runtime.models).map(([name, model]) => {
      const block = byName.get(name);
      if (block === undefined) throw mismatch(`model ${name}`);
      return [name, readModel(name, model, block, enums)];
    }),
  );
  for (const { relations } of models.values()) {
    for (const { model, references } of relations.values())
      for (const field of references) models.get(model)?.referenced.add(field);
  }
  return models;
}

const emulating = new Map<string, boolean>();

/** Whether a schema says `relationMode = "prisma"`: Prisma does in its statements what foreign keys would do. */
export function emulatesReferences(schema: string): boolean {
  const known = emulating.get(schema);
  if (known !== undefined) return known;
  const entries = readBlocks(schema)
    .filter(({ kind }) => kind === "datasource")
    .flatMap((block) => block.entries);
  const isEmulated = entries.some((entry) => /^relationMode\s*=\s*"prisma"/.test(entry));
  emulating.set(schema, isEmulated);
  return isEmulated;
}

/** A model before the fields that relations refer to are known. */
type OpenModel = Model & { readonly referenced: Set<string> };

function readModel(name: string, runtime: RuntimeModel, block: SchemaBlock, enums: EnumNames): OpenModel {
  const fields = readFields(block);
  const scalars = new Map<string, ScalarField>();
  const relations = new Map<string, RelationField>();
  for (const field of runtime.fields) {
    const declared = fields.get(field.name);
    if (declared === undefined || declared.type !== field.type) throw mismatch(`field ${name}.${field.name}`);
    if (field.kind === "object") relations.set(field.name, readRelation(field, declared, fields));
    else scalars.set(field.name, readScalar(field, declared, enums));
  }
  const keys = readKeys(block, fields).filter((key) => key.fields.every((field) => scalars.has(field)));
  return {
    name,
    jsName: name.charAt(0).toLowerCase() + name.slice(1),
    isView: block.kind === "view",
    table: runtime.dbName ?? name,
    schema: runtime.schema ?? null,
    scalars,
    relations,
    keys,
    identity: keys.find((key) => key.fields.every((field) => scalars.get(field)?.isOptional === false)),
    referenced: new Set(),
  };
}

function readFields(block: SchemaBlock): ReadonlyMap<string, SchemaField> {
  const fields = new Map<string, SchemaField>();
  for (const entry of block.entries) {
    const match = /^(\w+)\s+(\w+)(?:\s*\([^)]*\))?(\[\])?(\?)?/.exec(entry);
    if (match === null) continue;
    const [all, name = "", type = "", list, optional] = match;
    fields.set(name, {
      type,
      isList: list !== undefined,
      isOptional: optional !== undefined,
      attributes: readAttributes(entry.slice(all.length)),
    });
  }
  return fields;
}

function readScalar(field: RuntimeField, declared: SchemaField, enums: EnumNames): ScalarField {
  const names = field.kind === "enum" ? enums.get(field.type) : undefined;
  if (field.kind === "enum" && names === undefined) throw mismatch(`enum ${field.type}`);
  const native = declared.attributes.find(({ name }) => name.includes("."));
  const length = native?.args.get("");
  return {
    name: field.name,
    column: field.dbName ?? field.name,
    type: field.type,
    isList: declared.isList,
    isOptional: declared.isOptional,
    isUpdatedAt: declared.attributes.some((attribute) => attribute.name === "updatedAt"),
    nativeType: native?.name.split(".")[1],
    ...(length === undefined ? {} : { nativeLength: Number(length) }),
    ...(names === undefined ? {} : { enumNames: names }),
  };
}

function readRelation(
  field: RuntimeField,
  declared: SchemaField,
  fields: ReadonlyMap<string, SchemaField>,
): RelationField {
  const args = declared.attributes.find((attribute) => attribute.name === "relation")?.args;
  const own = listValue(args?.get("fields"));
  // The defaults of Prisma: where the reference can be taken away it is, else it holds the row that it refers to.
  const canBeNull = declared.isOptional && own.every((name) => fields.get(name)?.isOptional === true);
  const onDelete = args?.get("onDelete") ?? (canBeNull ? "SetNull" : "Restrict");
  return {
    name: field.name,
    model: field.type,
    relationName: field.relationName ?? "",
    isList: declared.isList,
    isOptional: declared.isOptional,
    fields: own,
    references: listValue(args?.get("references")),
    onDelete: onDelete as ReferentialAction,
    onUpdate: (args?.get("onUpdate") ?? "Cascade") as ReferentialAction,
  };
}

function readKeys(block: SchemaBlock, fields: ReadonlyMap<string, SchemaField>): readonly UniqueKey[] {
  const ids: UniqueKey[] = [];
  const uniques: UniqueKey[] = [];
  for (const [name, field] of fields) {
    for (const attribute of field.attributes) {
      if (attribute.name === "id") ids.push({ name, fields: [name] });
      if (attribute.name === "unique" && !isPartial(attribute)) uniques.push({ name, fields: [name] });
    }
  }
  for (const attribute of block.entries.filter((entry) => entry.startsWith("@@")).flatMap(readAttributes)) {
    if ((attribute.name !== "id" && attribute.name !== "unique") || isPartial(attribute)) continue;
    const key = listValue(attribute.args.get("fields") ?? attribute.args.get(""));
    const [only] = key;
    const name =
      stringValue(attribute.args.get("name")) ??
      (key.length === 1 && only !== undefined ? only : key.join("_"));
    (attribute.name === "id" ? ids : uniques).push({ name, fields: key });
  }
  return [...ids, ...uniques];
}

/** A unique index of some of the rows identifies none. */
function isPartial(attribute: Attribute): boolean {
  return attribute.args.has("where");
}

function enumNames(block: SchemaBlock): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const entry of block.entries) {
    const name = /^\w+/.exec(entry)?.[0];
    if (name === undefined) continue;
    const map = readAttributes(entry.slice(name.length)).find((attribute) => attribute.name === "map");
    names.set(stringValue(map?.args.get("name") ?? map?.args.get("")) ?? name, name);
  }
  return names;
}

function mismatch(what: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `The generated Prisma client and the schema that it carries do not agree on ${what}. ` +
      "Expected a client generated by Prisma 7.10 or later: run prisma generate, and report this if it stays.",
    { value: what },
  );
}
