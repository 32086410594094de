import type { Row } from "../../changes/diff.js";
import { Decimal, isDecimal } from "../../codec/decimal.js";
import type { ScalarField } from "../../models/model.js";
import { NO_TEXTS, noteStored } from "../../models/stored-row.js";
import { TUPLE_ID } from "../../outbox/row-columns.js";
import { isPlainMoment, plainMoment, unusualMoment } from "./moments.js";
import type { ModelColumns } from "./source-table.js";

/**
 * A row of a raw statement as Prisma's own queries give it: by the types of the schema rather than those of the
 * columns, with Prisma's names of enum values, and an empty list where the column is null. A value that Prisma cannot
 * read becomes the nearest one in JavaScript: a list of lists, a list with null, a moment that drivers do not read, a
 * text for infinity.
 */
export function asPrismaReads(columns: ModelColumns, answer: Row): Row {
  const row: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const { field, column, isAsGiven } of columns.reads) {
    const value = answer[column];
    if (isAsGiven) row[field.name] = value ?? null;
    else row[field.name] = field.isList ? list(field, value, unreadable) : read(field, value, unreadable);
  }
  noteStored(row, textsOf(columns, answer), unreadable, answer[TUPLE_ID]);
  return row;
}

function textsOf({ exactFields }: ModelColumns, answer: Row): ReadonlyMap<string, string | null> {
  if (exactFields.length === 0) return NO_TEXTS;
  return new Map(exactFields.map((field, n) => [field, (answer[`x${n}`] ?? null) as string | null]));
}

function list(field: ScalarField, value: unknown, unreadable: string[]): readonly unknown[] {
  const items = typeof value === "string" ? (JSON.parse(value) as unknown) : value;
  if (!Array.isArray(items)) return [];
  if (items.some((item) => item === null || (Array.isArray(item) && field.type !== "Json")))
    unreadable.push(field.name);
  return items.map((item) => readItem(field, item, unreadable));
}

function readItem(field: ScalarField, item: unknown, unreadable: string[]): unknown {
  if (field.type === "Json") return item;
  if (Array.isArray(item)) return item.map((inner) => readItem(field, inner, unreadable));
  if (field.type === "Bytes" && typeof item === "string") return bytesOf(item);
  return read(field, item, unreadable);
}

/** In the form that `bytea_output` says. */
function bytesOf(text: string): Uint8Array {
  if (text.startsWith("\\x")) return new Uint8Array(Buffer.from(text.slice(2), "hex"));
  const plain = text.replace(/\\(\d{3}|\\)/g, (_, one: string) =>
    one === "\\" ? one : String.fromCharCode(Number.parseInt(one, 8)),
  );
  return new Uint8Array(Buffer.from(plain, "latin1"));
}

/** As Prisma's adapter reads moments: taken for UTC, an offset ignored. */
function momentOf(text: string): unknown {
  if (isPlainMoment(text)) return plainMoment(text);
  const time = /^\d\d:\d\d:\d\d(\.\d+)?/.exec(text);
  if (time !== null) return new Date(`1970-01-01T${time[0]}Z`);
  // A year of five digits is not ISO 8601: `Date` would take it for the time zone of the process.
  if (!/^\d{4}-/.test(text)) return unusualMoment(text);
  const date = new Date(
    `${text.replace(" ", "T").replace(/(:\d\d(?:\.\d+)?)[+-]\d\d(:\d\d)?$/, "$1")}${text.includes(":") ? "Z" : ""}`,
  );
  return Number.isNaN(date.getTime()) ? unusualMoment(text) : date;
}

function read({ name, type, enumNames }: ScalarField, value: unknown, unreadable: string[]): unknown {
  if (value === null || value === undefined) return null;
  if (enumNames !== undefined) {
    const known = enumNames.get(String(value));
    if (known === undefined) unreadable.push(name);
    return known ?? value;
  }
  switch (type) {
    case "Int":
    case "Float":
      return typeof value === "number" ? value : Number(text(value));
    case "BigInt":
      return typeof value === "bigint" ? value : BigInt(text(value));
    case "DateTime":
      return typeof value === "string" ? momentOf(value) : value;
    case "Decimal":
      return typeof value === "object" && isDecimal(value) ? value : new Decimal(text(value));
    default:
      return value;
  }
}

function text(value: unknown): string {
  return typeof value === "object" && value !== null && isDecimal(value) ? value.toFixed() : String(value);
}
