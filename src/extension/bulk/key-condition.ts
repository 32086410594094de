import type { Row } from "../../changes/diff.js";
import type { Model, ScalarField, UniqueKey } from "../../models/model.js";
import { isGiven } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import { noRow } from "../rows/no-row.js";

/** The key by which rows are named to Prisma. */
export interface NamingKey {
  readonly model: Model;
  readonly key: UniqueKey;
  /** Its fields with moments of more than milliseconds. */
  readonly fine: ReadonlySet<string>;
  /** Whether keys cannot tell Prisma which rows are meant: all rows that the `where` finds are written at once. */
  readonly isUnnamed: boolean;
}

/** A `where` for those of the rows that the caller's `where` finds. */
export function amongRows(args: CallArgs, naming: NamingKey, rows: readonly Row[]): object {
  const { where } = args;
  if (naming.isUnnamed && rows.length > 0) return (where ?? {}) as object;
  const condition = keyCondition(naming, rows);
  return isGiven(where) ? { AND: [where, condition] } : condition;
}

/** A `where` for rows by their keys. */
export function keyCondition(naming: NamingKey, rows: readonly Row[]): object {
  const { fields } = naming.key;
  if (rows.length === 0) return noRow(naming.model, fields);
  const [only = ""] = fields;
  const values = () => rows.map((row) => row[only]);
  return fields.length === 1 ? oneOf(naming, only, values()) : { OR: grouped(naming, rows) };
}

/** A condition for the values of one field. */
function oneOf({ model, fine }: NamingKey, name: string, values: readonly unknown[]): object {
  const field = model.scalars.get(name);
  if (fine.has(name)) return { OR: values.map((value) => withinMillisecond(name, value)) };
  const listed = values.filter((value) => isListable(field, value));
  const others = values.filter((value) => !isListable(field, value));
  const isMoment = field?.type === "DateTime";
  const conditions = [
    ...(listed.length > 0 ? [{ [name]: { in: listed } }] : []),
    ...others.map((value) => (isMoment ? withinMillisecond(name, value) : { [name]: { equals: value } })),
  ];
  return conditions.length === 1 ? (conditions[0] as object) : { OR: conditions };
}

/** Whether Prisma has an `in` for the value. JSON, by which lists are sent, has no NaN and no infinity. */
function isListable(field: ScalarField | undefined, value: unknown): boolean {
  if (field?.isList === true || field?.type === "Boolean" || field?.type === "Json") return false;
  if (typeof value === "number") return Number.isFinite(value);
  return field?.type !== "DateTime" || isUsual(value);
}

/** Infinity is a text. */
function isUsual(moment: unknown): moment is Date {
  if (!(moment instanceof Date)) return false;
  const year = moment.getUTCFullYear();
  return year > 0 && year < 10_000;
}

const FIRST = new Date("0001-01-01T00:00:00Z");
const LAST = new Date("9999-12-31T23:59:59.999Z");

function withinMillisecond(field: string, value: unknown): object {
  // No condition tells one from the other: all of them were locked.
  if (!isUsual(value)) return { OR: [{ [field]: { lt: FIRST } }, { [field]: { gt: LAST } }] };
  return { [field]: { gte: value, lt: new Date(value.getTime() + 1) } };
}

/** Rows that share all fields of a key but one become one condition, which is smaller and faster. */
function grouped(naming: NamingKey, rows: readonly Row[]): readonly object[] {
  const { fields } = naming.key;
  const distinct = fields.map((field) => new Set(rows.map((row) => textOf(row[field]))).size);
  const listed = fields[distinct.indexOf(Math.max(...distinct))] ?? "";
  const shared = fields.filter((field) => field !== listed);
  const groups = new Map<string, { readonly first: Row; readonly values: unknown[] }>();
  for (const row of rows) {
    const id = JSON.stringify(shared.map((field) => textOf(row[field])));
    const group = groups.get(id) ?? { first: row, values: [] };
    groups.set(id, group);
    group.values.push(row[listed]);
  }
  return Array.from(groups.values(), ({ first, values }) => ({
    AND: [...shared.map((field) => oneOf(naming, field, [first[field]])), oneOf(naming, listed, values)],
  }));
}

function textOf(value: unknown): string {
  if (value instanceof Date) return String(value.getTime());
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
