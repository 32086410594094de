import { asText } from "../codec/encode.js";
import { asColumnText, textOfMany } from "./column-text.js";
import type { Model, ScalarField } from "./model.js";
import { storedOf } from "./stored-row.js";

type Values = Readonly<Record<string, unknown>>;

/**
 * Values of fields as PostgreSQL reads them; undefined when one is missing, or none that its column can have. Of a row that
 * was read by us they are what PostgreSQL wrote, to the last digit.
 */
export function keyTexts(
  model: Model,
  fields: readonly string[],
  row: Values,
): readonly string[] | undefined {
  const stored = storedOf(row)?.texts;
  const texts = fields.map((field) => {
    const text = stored?.get(field);
    return text === undefined ? asColumnText(model.scalars.get(field), row[field]) : (text ?? undefined);
  });
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

/**
 * The same to be compared with each other: where PostgreSQL takes texts that differ for equal, they are the same here,
 * and so are those that PostgreSQL and we write for one value.
 */
export function comparableTexts(
  model: Model,
  fields: readonly string[],
  row: Values,
): readonly string[] | undefined {
  return keyTexts(model, fields, row)?.map((text, at) => {
    const name = fields[at] ?? "";
    return comparable(model.scalars.get(name), text, row[name]);
  });
}

function comparable(field: ScalarField | undefined, text: string, value: unknown): string {
  if (field === undefined) return text;
  if (field.isList || field.type === "Json") return textOfMany(value);
  switch (field.nativeType) {
    case "Citext":
      return text.toLowerCase();
    case "Char":
      return text.trimEnd();
    default:
      return field.type === "DateTime" ? withoutOffset(text) : text;
  }
}

/** Prisma's adapter leaves it out, in both directions. */
function withoutOffset(text: string): string {
  return text.replace(/(:\d\d(?:\.\d+)?)[+-]\d\d(?::\d\d)*/, "$1").replace(/(\.\d*?)0+(?= BC|$)/, "$1");
}

/** The key of a row as text; for a compound key a JSON array of texts. Null when the model has no key. */
export function aggregateKeyOf(model: Model, row: Values): string | null {
  const fields = model.identity?.fields ?? [];
  const texts = fields.map((field) => asText(row[field]) ?? textOfMany(row[field]));
  const [only] = texts;
  if (only === undefined) return null;
  return texts.length === 1 ? only : JSON.stringify(texts);
}

/** The key of a row to tell rows of one model apart, also where `Date`s and texts of keys do not. */
export function identityOf(model: Model, row: Values): string {
  const fields = model.identity?.fields ?? [];
  const texts =
    comparableTexts(model, fields, row) ??
    fields.map((field) => asText(row[field]) ?? textOfMany(row[field]));
  return JSON.stringify(texts);
}
