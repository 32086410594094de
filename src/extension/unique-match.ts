import { isDecimal } from "../codec/decimal.js";
import { isSkipped } from "./prisma-internals.js";
import type { Model, ScalarField, UniqueKey } from "./schema/model.js";

/** A unique key with the values that a call looks for, as PostgreSQL reads them. */
export interface UniqueMatch {
  readonly key: UniqueKey;
  readonly texts: readonly string[];
}

type Where = Readonly<Record<string, unknown>>;

/**
 * The unique key by which a `where` finds its row. Undefined when there is none, or none with values that its
 * columns can have: Prisma will refuse the call, in its own words. Further conditions are Prisma's to check.
 */
export function findUniqueMatch(model: Model, where: unknown): UniqueMatch | undefined {
  if (!isRecord(where)) return undefined;
  for (const key of model.keys) {
    const values = key.fields.length === 1 && key.fields[0] === key.name ? where : where[key.name];
    if (!isRecord(values)) continue;
    const texts = keyTexts(model, key.fields, values);
    if (texts !== undefined) return { key, texts };
  }
  return undefined;
}

/** Whether a `where` has more conditions than that key. */
export function hasFurtherConditions(where: unknown, { key }: UniqueMatch): boolean {
  if (!isRecord(where)) return false;
  return Object.entries(where).some(
    ([name, value]) => name !== key.name && value !== undefined && !isSkipped(value),
  );
}

/** Values of fields as PostgreSQL reads them; undefined when one is missing, or none that its column can have. */
export function keyTexts(
  model: Model,
  fields: readonly string[],
  values: Where,
): readonly string[] | undefined {
  const texts = fields.map((field) => asKeyText(model.scalars.get(field), values[field]));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/** The key of a row as text; for a compound key a JSON array of texts. Null when the model has no key. */
export function aggregateKeyOf(model: Model, row: Where): string | null {
  const fields = model.identity?.fields ?? [];
  const texts = fields.map((field) => asText(row[field]) ?? "");
  const [only] = texts;
  if (only === undefined) return null;
  return texts.length === 1 ? only : JSON.stringify(texts);
}

/** A value of a `where` as the text of its column's type; undefined when the column cannot have it. */
function asKeyText(field: ScalarField | undefined, value: unknown): string | undefined {
  if (field === undefined) return undefined;
  if (field.enumNames !== undefined) return labelOf(field.enumNames, value);
  // Prisma cuts off the fraction of a number that stands for an integer.
  const text = asText(field.type === "Int" && typeof value === "number" ? Math.trunc(value) : value);
  return text !== undefined && fits(field, text) ? text : undefined;
}

function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  return isDecimal(value) ? value.toFixed() : undefined;
}

const INTEGER_BITS: Readonly<Record<string, number>> = { SmallInt: 16, Integer: 32, BigInt: 64 };

/** Whether PostgreSQL can read the text as the column's type: an error of ours would hide Prisma's own. */
function fits(field: ScalarField, text: string): boolean {
  switch (field.type) {
    case "Int":
    case "BigInt": {
      if (field.nativeType === "Oid") return /^\d+$/.test(text) && BigInt(text) < 2n ** 32n;
      const bits = INTEGER_BITS[field.nativeType ?? (field.type === "Int" ? "Integer" : "BigInt")] ?? 32;
      return /^-?\d+$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text);
    }
    case "Float":
    case "Decimal":
      return text !== "" && Number.isFinite(Number(text));
    case "Boolean":
      return text === "true" || text === "false";
    case "DateTime":
      return !Number.isNaN(Date.parse(text));
    case "String":
      if (field.nativeType === "Uuid") return /^[0-9a-f]{32}$/i.test(text.replace(/^\{|\}$|-/g, ""));
      return !text.includes("\0");
    default:
      return true;
  }
}

function labelOf(enumNames: ReadonlyMap<string, string>, value: unknown): string | undefined {
  for (const [label, name] of enumNames) if (name === value) return label;
  return undefined;
}

function isRecord(value: unknown): value is Where {
  return typeof value === "object" && value !== null;
}
