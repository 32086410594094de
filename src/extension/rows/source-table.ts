import type { Model, ScalarField } from "../../models/model.js";
import { columnOf } from "../../models/model.js";
import type { ColumnForm, RowColumns, TableName } from "../../outbox/row-columns.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import { connectionSchema } from "../prisma/connection-schema.js";

const schemas = new WeakMap<Bus, string>();

/** The PostgreSQL schema of tables whose model says none. */
export async function defaultSchema(bus: Bus): Promise<string> {
  const known = schemas.get(bus);
  if (known !== undefined) return known;
  const schema = await connectionSchema(bus.root);
  schemas.set(bus, schema);
  return schema;
}

/** A model's table. */
export async function sourceTable(bus: Bus, model: Model): Promise<TableName> {
  return { schema: model.schema ?? (await defaultSchema(bus)), table: model.table };
}

/** The columns that are read of a model's rows. They depend on the catalog. */
export interface ModelColumns extends RowColumns {
  /** Where the values of fields are in the answer. */
  readonly reads: readonly FieldRead[];
  /** The fields of {@link RowColumns.exact}, and hidden columns. */
  readonly exactFields: readonly string[];
  /** The same for rows that are not looked up by their tuple ids; undefined where the table has none. */
  readonly withoutTupleIds?: ModelColumns;
}

/** One field in the answer of a statement. */
export interface FieldRead {
  readonly field: ScalarField;
  /** The name of its value in the answer. */
  readonly column: string;
  /** Whether the driver gives its values as Prisma does. */
  readonly isAsGiven: boolean;
}

const columns = new WeakMap<Model, Map<string, ModelColumns>>();

/** The last answer for each model, which nearly always is the next one too. */
const latest = new WeakMap<Model, { readonly catalog: object | undefined; readonly made: ModelColumns }>();

/** Every column of a model, and the hidden ones that foreign keys refer to. */
export function modelColumns(bus: Bus, model: Model): ModelColumns {
  const catalog = knownCatalog(bus);
  const last = latest.get(model);
  if (last !== undefined && last.catalog === catalog) return last.made;
  const hidden = catalog?.hiddenColumns(model) ?? [];
  const hasTupleIds = catalog?.hasTupleIds(model) ?? false;
  const known = columns.get(model) ?? new Map<string, ModelColumns>();
  columns.set(model, known);
  const id = JSON.stringify([hidden, hasTupleIds]);
  const made = known.get(id) ?? makeColumns(model, hidden, hasTupleIds);
  known.set(id, made);
  latest.set(model, { catalog, made });
  return made;
}

function makeColumns(model: Model, hidden: readonly string[], hasTupleIds: boolean): ModelColumns {
  const fields = Array.from(model.scalars.values());
  const exactFields = [
    ...fields.filter((field) => isLookedUp(model, field) && isInexact(field)).map(({ name }) => name),
    ...hidden,
  ];
  const made: ModelColumns = {
    reads: fields.map((field, n) => ({ field, column: `c${n}`, isAsGiven: isAsGiven(field) })),
    columns: fields.map((field) => ({ column: field.column, form: formOf(field) })),
    exact: columnsOf(model, exactFields),
    exactFields,
    hasTupleIds,
  };
  return hasTupleIds ? { ...made, withoutTupleIds: { ...made, hasTupleIds: false } } : made;
}

/** The columns of fields, and hidden columns. */
export function columnsOf(model: Model, fields: readonly string[]): readonly string[] {
  return fields.map((name) => columnOf(model, name));
}

/** Whether rows are looked up by the field: keys, and both sides of relations. */
function isLookedUp(model: Model, { name }: ScalarField): boolean {
  return (
    model.keys.some(({ fields }) => fields.includes(name)) ||
    model.referenced.has(name) ||
    Array.from(model.relations.values()).some(({ fields }) => fields.includes(name))
  );
}

/** Whether a value that Prisma has read may lack digits of the stored one, or has no text that PostgreSQL reads. */
function isInexact({ type, isList }: ScalarField): boolean {
  return isList || type === "DateTime" || type === "Json";
}

const READ_AS_GIVEN: ReadonlySet<string> = new Set(["String", "Boolean", "Bytes", "Json"]);

function isAsGiven({ type, isList, enumNames }: ScalarField): boolean {
  return !isList && enumNames === undefined && READ_AS_GIVEN.has(type);
}

const EXACT_ITEMS = new Set(["BigInt", "DateTime", "Bytes"]);

function formOf({ enumNames, nativeType, type, isList, isReadAsText }: ScalarField): ColumnForm {
  // Drivers give an invalid date for a moment that no `Date` stands for.
  if (isReadAsText === true || (type === "DateTime" && !isList)) return "text";
  if (nativeType === "Money" || (type === "Decimal" && isList)) return isList ? "list of amounts" : "amount";
  if (isList) return EXACT_ITEMS.has(type) ? "exact list" : "list";
  return enumNames === undefined ? "plain" : "text";
}
