import { isDecimal } from "../codec/decimal.js";
import { asText } from "../codec/encode.js";
import type { ScalarField } from "./model.js";

type Values = Readonly<Record<string, unknown>>;

/** Lists and Json as keys. */
export function textOfMany(value: unknown): string {
  if (value === null || value === undefined) return "";
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "bigint") return String(item);
    return isPlainObject(item) ? Object.fromEntries(Object.entries(item).sort(byName)) : item;
  });
}

function isPlainObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isDecimal(value);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The last moment that a column of times can hold, as Prisma reads it. */
const DAY_MS = 86_400_000;

/** A value of a row as the text of its column's type; undefined when the column cannot have it. */
export function asColumnText(field: ScalarField | undefined, value: unknown): string | undefined {
  // A column of Json that cannot be null holds the null of JSON.
  if (value === null && field?.type === "Json" && !field.isOptional) return "null";
  if (field === undefined || value === null || value === undefined) return undefined;
  if (field.isList) return Array.isArray(value) ? asListText(field, value) : undefined;
  if (field.type === "Json") return JSON.stringify(value);
  if (field.enumNames !== undefined) return labelOf(field.enumNames, value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined;
    return value.getTime() === DAY_MS && field.nativeType === "Time" ? "24:00:00" : momentText(field, value);
  }
  const text = asText(value);
  return text !== undefined && fits(field, text) ? text : undefined;
}

function asListText(field: ScalarField, items: readonly unknown[]): string | undefined {
  const one = { ...field, isList: false };
  const texts = items.map((item) => (item === null ? "NULL" : quoted(asColumnText(one, item))));
  return texts.includes(undefined) ? undefined : `{${texts.join(",")}}`;
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** A moment as Prisma's adapter sends it: without an offset. */
export function momentText({ nativeType }: ScalarField, moment: Date): string {
  const [date = "", time = ""] = isoParts(moment);
  switch (nativeType) {
    case "Date":
      return date;
    case "Time":
    case "Timetz":
      return time;
    default:
      return `${date} ${time}`;
  }
}

function isoParts(moment: Date): readonly string[] {
  const year = moment.getUTCFullYear();
  const [, rest = ""] = /^[+-]?\d+(-.*)Z$/.exec(moment.toISOString()) ?? [];
  // The year before the first one after Christ is the first one before.
  const years = String(year > 0 ? year : 1 - year).padStart(4, "0");
  const [date = "", time = ""] = `${years}${rest}`.replace(/\.000$/, "").split("T");
  return [date, year > 0 ? time : `${time} BC`];
}

const INTEGER_BITS: Readonly<Record<string, number>> = { SmallInt: 16, Integer: 32, BigInt: 64 };

/** Whether PostgreSQL can read the text as the column's type: an error of ours would hide Prisma's own. */
export function fits(field: ScalarField, text: string): boolean {
  switch (field.type) {
    case "Int":
    case "BigInt": {
      if (field.nativeType === "Oid") return /^\d+$/.test(text) && BigInt(text) < 2n ** 32n;
      const bits = INTEGER_BITS[field.nativeType ?? (field.type === "Int" ? "Integer" : "BigInt")] ?? 32;
      return /^-?\d+$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text);
    }
    case "Float":
    case "Decimal":
      return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^NaN$|^[-+]?Infinity$/i.test(text);
    case "Boolean":
      return text === "true" || text === "false";
    case "DateTime":
      return /\d/.test(text) || text.includes("infinity");
    case "String":
      if (field.nativeType === "Uuid") return /^[0-9a-f]{32}$/i.test(text.replace(/^\{|\}$|-/g, ""));
      return !text.includes("\0");
    default:
      return true;
  }
}

export function labelOf(enumNames: ReadonlyMap<string, string>, value: unknown): string | undefined {
  for (const [label, name] of enumNames) if (name === value) return label;
  return undefined;
}
