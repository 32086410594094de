import type { Row } from "../changes/diff.js";
import { Decimal, isDecimal } from "../codec/decimal.js";
import type { Model, ScalarField } from "./schema/model.js";

/**
 * A row of a raw statement as Prisma's own queries give it: by the types of the schema, not by those of the columns,
 * with Prisma's names of enum values, and a list where the column is null.
 */
export function asPrismaReads(model: Model, answer: Row): Row {
  const row: Record<string, unknown> = {};
  for (const field of model.scalars.values()) {
    const value = answer[field.name] ?? (field.isList ? [] : null);
    row[field.name] =
      Array.isArray(value) && field.isList ? value.map((item) => read(field, item)) : read(field, value);
  }
  return row;
}

function read({ type, enumNames }: ScalarField, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (enumNames !== undefined) return enumNames.get(String(value)) ?? value;
  switch (type) {
    case "Int":
    case "Float":
      return typeof value === "number" ? value : Number(text(value));
    case "BigInt":
      return typeof value === "bigint" ? value : BigInt(text(value));
    case "Decimal":
      return typeof value === "object" && isDecimal(value) ? value : new Decimal(text(value));
    default:
      return value;
  }
}

function text(value: unknown): string {
  return typeof value === "object" && value !== null && isDecimal(value) ? value.toFixed() : String(value);
}
