import type { Row } from "../../changes/diff.js";
import { Decimal, isDecimal } from "../../codec/decimal.js";
import { PLACE } from "../../outbox/row-columns.js";
import type { ScalarField } from "../schema/model.js";
import { oddMoment } from "./odd-moment.js";
import { isPlainMoment, plainMoment } from "./plain-moment.js";
import type { ModelColumns } from "./source-table.js";

/** Where a row is: the number of its table, and its place in it, both as texts. */
export type Place = readonly [table: string, place: string];

/** What PostgreSQL says of a row beside what Prisma makes of it. */
export interface Stored {
  /** Texts to the last digit, of fields and hidden columns by which rows are found. */
  readonly texts: ReadonlyMap<string, string | null>;
  readonly place: Place | undefined;
  /** Fields of which Prisma cannot read the values: a call that asks for them fails. */
  readonly unreadable: readonly string[];
}

const stored = new WeakMap<Row, Stored>();

const NO_TEXTS: ReadonlyMap<string, string | null> = new Map();
const NO_FIELDS: readonly string[] = [];

/** There is one for each row that is read: what nobody asks for is not made. */
class Answered implements Stored {
  readonly texts: Stored["texts"];
  readonly unreadable: Stored["unreadable"];
  readonly #place: unknown;

  /** @param place as the statement gives it. */
  constructor(texts: Stored["texts"], unreadable: Stored["unreadable"], place: unknown) {
    this.texts = texts;
    this.unreadable = unreadable;
    this.#place = place;
  }

  get place(): Place | undefined {
    const text = this.#place;
    if (typeof text !== "string") return undefined;
    const at = text.indexOf("(");
    return [text.slice(0, at), text.slice(at)];
  }
}

/** Undefined for a row that Prisma has read. */
export function storedOf(row: Row): Stored | undefined {
  return stored.get(row);
}

/** Has a row that Prisma has read be found where it was read by us before: its key has not changed. */
export function isStillAt(row: Row, before: Row, fields: readonly string[]): void {
  const was = stored.get(before);
  if (was === undefined || stored.has(row)) return;
  const texts =
    was.texts.size === 0
      ? NO_TEXTS
      : new Map(Array.from(was.texts).filter(([field]) => fields.includes(field)));
  stored.set(row, { texts, place: was.place, unreadable: NO_FIELDS });
}

/** The same where only what is known of the key matters, which mostly is no more than Prisma reads. */
export function keepsKey(row: Row, before: Row, fields: readonly string[]): void {
  if (stored.get(before)?.texts.size !== 0) isStillAt(row, before, fields);
}

/**
 * A row of a raw statement as Prisma's own queries give it: by the types of the schema, not by those of the columns,
 * with Prisma's names of enum values, and a list where the column is null. What no query of Prisma's can give is here
 * what comes next to it: lists of lists, lists with null, moments beyond those that drivers read, texts for infinity.
 */
export function asPrismaReads(columns: ModelColumns, answer: Row): Row {
  const row: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const { field, column, isAsGiven } of columns.reads) {
    const value = answer[column];
    if (isAsGiven) row[field.name] = value ?? null;
    else row[field.name] = field.isList ? list(field, value, unreadable) : read(field, value, unreadable);
  }
  const failing = unreadable.length === 0 ? NO_FIELDS : unreadable;
  stored.set(row, new Answered(textsOf(columns, answer), failing, answer[PLACE]));
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

/** As Prisma's adapter reads them: what stands there is taken for UTC, and an offset for nothing. */
function momentOf(text: string): unknown {
  if (isPlainMoment(text)) return plainMoment(text);
  const time = /^\d\d:\d\d:\d\d(\.\d+)?/.exec(text);
  if (time !== null) return new Date(`1970-01-01T${time[0]}Z`);
  // Years of five digits are no ISO: they would be read in the zone of the process.
  if (!/^\d{4}-/.test(text)) return oddMoment(text);
  const date = new Date(
    `${text.replace(" ", "T").replace(/(:\d\d(?:\.\d+)?)[+-]\d\d(:\d\d)?$/, "$1")}${text.includes(":") ? "Z" : ""}`,
  );
  return Number.isNaN(date.getTime()) ? oddMoment(text) : date;
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
