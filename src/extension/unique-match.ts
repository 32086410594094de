import { isDecimal } from "../codec/decimal.js";
import type { Model, ScalarField, UniqueKey } from "./schema/model.js";

/** A unique key with the values that a call looks for, as PostgreSQL reads them. */
export interface UniqueMatch {
  readonly key: UniqueKey;
  readonly texts: readonly string[];
}

type Where = Readonly<Record<string, unknown>>;

/**
 * The unique key by which a `where` finds its row. Undefined when there is none: Prisma will refuse the call.
 * Further conditions in the `where` are Prisma's to check.
 */
export function findUniqueMatch(model: Model, where: unknown): UniqueMatch | undefined {
  if (!isRecord(where)) return undefined;
  for (const key of model.keys) {
    const values = key.fields.length === 1 && key.fields[0] === key.name ? where : where[key.name];
    if (!isRecord(values)) continue;
    const texts = key.fields.map((field) => asText(model.scalars.get(field), values[field]));
    if (texts.every((text) => text !== undefined)) return { key, texts };
  }
  return undefined;
}

/** The key of a row as text; for a compound key a JSON array of texts. Null when the model has no key. */
export function aggregateKeyOf(model: Model, row: Where): string | null {
  const fields = model.identity?.fields ?? [];
  const texts = fields.map((field) => asText(model.scalars.get(field), row[field]) ?? "");
  const [only] = texts;
  if (only === undefined) return null;
  return texts.length === 1 ? only : JSON.stringify(texts);
}

function asText(field: ScalarField | undefined, value: unknown): string | undefined {
  if (field === undefined || value === undefined || value === null) return undefined;
  if (typeof value === "string")
    return field.enumNames === undefined ? value : labelOf(field.enumNames, value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (typeof value !== "object") return undefined;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  return isDecimal(value) ? value.toFixed() : undefined;
}

function labelOf(enumNames: ReadonlyMap<string, string>, name: string): string | undefined {
  for (const [label, candidate] of enumNames) if (candidate === name) return label;
  return undefined;
}

function isRecord(value: unknown): value is Where {
  return typeof value === "object" && value !== null;
}
