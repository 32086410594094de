import type { Row } from "../../changes/diff.js";
import { Decimal, isDecimal } from "../../codec/decimal.js";
import type { ScalarField } from "../../models/model.js";
import { NO_TEXTS, noteStored } from "../../models/stored-row.js";
import { TUPLE_ID } from "../../outbox/row-columns.js";
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

/** What nearly all moments look like. `Date.UTC` takes years before 100 for those of the last century. */
const PLAIN_MOMENT = /^(?!00)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?$/;

/** Whether {@link plainMoment} reads a text. */
export function isPlainMoment(text: string): boolean {
  return PLAIN_MOMENT.test(text);
}

/** A moment as PostgreSQL writes it, taken for UTC: what `new Date()` makes of it as ISO 8601, in half of its time. */
export function plainMoment(text: string): Date {
  const two = (at: number) => digit(text, at) * 10 + digit(text, at + 1);
  const milliseconds = digit(text, 20) * 100 + two(21);
  return new Date(
    Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17), milliseconds),
  );
}

const ZERO = 48;

function digit(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) - ZERO : 0;
}

const UNUSUAL_MOMENT =
  /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:[+-]\d\d(?::\d\d(?::\d\d)?)?)?( BC)?$/;

/**
 * A moment as PostgreSQL writes it that drivers do not read: of a year before Christ, or with more than four digits.
 * Taken for UTC, as Prisma's adapter does. Infinity stays a text: no `Date` stands for it.
 */
function unusualMoment(text: string): Date | string {
  const match = UNUSUAL_MOMENT.exec(text);
  if (match === null) return text;
  const [, year, month, day, hours = 0, minutes = 0, seconds = 0, fraction = "", era] = match;
  const date = new Date(0);
  // The year before 1 is 1 BC.
  const years = era === undefined ? Number(year) : 1 - Number(year);
  date.setUTCFullYear(years, Number(month) - 1, Number(day));
  date.setUTCHours(
    Number(hours),
    Number(minutes),
    Number(seconds),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
  return Number.isNaN(date.getTime()) ? text : date;
}

/**
 * Whether a value is what Prisma gives for a moment that it cannot read: infinity, years before Christ or after 9999.
 */
export function isInvalidDate(value: unknown): boolean {
  return value instanceof Date && Number.isNaN(value.getTime());
}
