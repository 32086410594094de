/** A column of a model. */
export interface ScalarField {
  readonly name: string;
  readonly column: string;
  /** Prisma's type: `Int`, `String`, … or the name of an enum. */
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  readonly isUpdatedAt: boolean;
  /** `Uuid` for `@db.Uuid`; undefined: the usual one of the type. */
  readonly nativeType: string | undefined;
  /** 3 for `@db.Char(3)`; undefined: none is given. */
  readonly nativeLength?: number;
  /** Of a table that the Prisma schema does not have: any type, read as text. */
  readonly isReadAsText?: boolean;
  /** For enums: from the label in the database to the name in Prisma. */
  readonly enumNames?: ReadonlyMap<string, string>;
}

/** What PostgreSQL does to rows that refer to a row that goes or changes its key. */
export type ReferentialAction = "Cascade" | "SetNull" | "SetDefault" | "Restrict" | "NoAction";

/** One side of a relation. */
export interface RelationField {
  readonly name: string;
  /** The other side's model. */
  readonly model: string;
  readonly relationName: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  /** The foreign key, where this side holds it; else empty. */
  readonly fields: readonly string[];
  readonly references: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

/** Fields that identify a row, and what a `where` calls them. */
export interface UniqueKey {
  readonly name: string;
  readonly fields: readonly string[];
}

/** What the extension needs to know of a model. */
export interface Model {
  readonly name: string;
  /** What the client calls it: `user` for `User`. */
  readonly jsName: string;
  readonly isView: boolean;
  readonly table: string;
  /** `@@schema`, or null: the schema of the connection. */
  readonly schema: string | null;
  readonly scalars: ReadonlyMap<string, ScalarField>;
  readonly relations: ReadonlyMap<string, RelationField>;
  /** Every unique key, `@id` first. */
  readonly keys: readonly UniqueKey[];
  /** The key that identifies a row: `@id`, else the first unique key without optional fields. */
  readonly identity: UniqueKey | undefined;
  /** Fields to which relations of other rows refer. */
  readonly referenced: ReadonlySet<string>;
}

export type Models = ReadonlyMap<string, Model>;

/** What the names of columns without a field begin with, where fields are named. No field has such a name. */
export const HIDDEN = "@";

/** The column of a field, or of a hidden column's name. */
export function columnOf({ scalars }: Model, field: string): string {
  return field.startsWith(HIDDEN) ? field.slice(HIDDEN.length) : (scalars.get(field)?.column ?? field);
}

/** The field of a column; a column without one gets the name of a hidden column. */
export function fieldOf({ scalars }: Model, column: string): string {
  for (const field of scalars.values()) if (field.column === column) return field.name;
  return `${HIDDEN}${column}`;
}

const touched = new WeakMap<Model, ReadonlySet<string>>();

/** Fields that change with every write. */
export function touchedFields(model: Model): ReadonlySet<string> {
  const known = touched.get(model);
  if (known !== undefined) return known;
  const fields = Array.from(model.scalars.values()).filter((field) => field.isUpdatedAt);
  const names = new Set(fields.map((field) => field.name));
  touched.set(model, names);
  return names;
}
