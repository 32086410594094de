import type { Row } from "../../changes/diff.js";
import { isDecimal } from "../../codec/decimal.js";
import { fits, labelOf, momentText } from "../../models/column-text.js";
import type { Model, ScalarField, UniqueKey } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import type { Bus } from "../prisma/bus.js";
import { ofModel } from "../prisma/call-params.js";
import { type InternalParams, isGiven, requestIn, type TransactionHandle } from "../prisma/internals.js";

/** A unique key with the values that a call looks for, as PostgreSQL reads them. */
export interface UniqueMatch {
  readonly key: UniqueKey;
  readonly texts: readonly string[];
}

type Where = Readonly<Record<string, unknown>>;

/**
 * The unique key by which a `where` finds its row; "absent": there is no such row. Where only Prisma can read the
 * values (lists, Json), it is asked for the row.
 *
 * @param like the parameters of the call that the `where` is part of.
 * @returns undefined where Prisma will refuse the call.
 */
export async function resolveUniqueKey(
  bus: Bus,
  transaction: TransactionHandle,
  like: InternalParams,
  model: Model,
  where: unknown,
): Promise<UniqueMatch | "absent" | undefined> {
  const match = findUniqueMatch(model, where);
  if (match !== ONLY_PRISMA_KNOWS) return match;
  const key = model.identity;
  if (key === undefined) return undefined;
  const asked = ofModel(like, model);
  const select = Object.fromEntries(key.fields.map((field) => [field, true]));
  const row = (await requestIn(bus.root, transaction, asked, "findUnique", { where, select })) as Row | null;
  const texts = row === null ? undefined : keyTexts(model, key.fields, row);
  return texts === undefined ? "absent" : { key, texts };
}

/** Stands for values that only Prisma can read. */
export const ONLY_PRISMA_KNOWS = Symbol("only Prisma knows");

/**
 * Undefined for a `where` without a unique key whose columns can have the values: Prisma will refuse the call. Further
 * conditions are Prisma's to check.
 */
export function findUniqueMatch(
  model: Model,
  where: unknown,
): UniqueMatch | typeof ONLY_PRISMA_KNOWS | undefined {
  if (!isRecord(where)) return undefined;
  let isOpen = false;
  for (const key of model.keys) {
    const values = key.fields.length === 1 && key.fields[0] === key.name ? where : where[key.name];
    if (!isRecord(values)) continue;
    const texts = key.fields.map((field) => asPrismaSends(model.scalars.get(field), ownValue(values, field)));
    if (texts.every((text) => typeof text === "string")) return { key, texts };
    isOpen ||= texts.every((text) => text !== undefined);
  }
  return isOpen ? ONLY_PRISMA_KNOWS : undefined;
}

/** Whether a `where` has more conditions than that key. */
export function hasFurtherConditions(where: unknown, { key }: UniqueMatch): boolean {
  if (!isRecord(where)) return false;
  return Object.entries(where).some(([name, value]) => name !== key.name && isGiven(value));
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * A value as Prisma sends it to PostgreSQL, which reads it as the type of the column that it is compared with.
 * Undefined: there is none, or Prisma or PostgreSQL will refuse it.
 */
function asPrismaSends(
  field: ScalarField | undefined,
  value: unknown,
): string | typeof ONLY_PRISMA_KNOWS | undefined {
  if (field === undefined || value === null || !isGiven(value)) return undefined;
  if (field.isList) return ONLY_PRISMA_KNOWS;
  if (field.enumNames !== undefined)
    return typeof value === "string" ? labelOf(field.enumNames, value) : ONLY_PRISMA_KNOWS;
  switch (field.type) {
    case "Int":
      // Prisma cuts off the fraction of a number that stands for an integer.
      return typeof value === "number" || typeof value === "bigint"
        ? fitting(field, String(typeof value === "number" ? Math.trunc(value) : value))
        : ONLY_PRISMA_KNOWS;
    case "BigInt":
      return typeof value === "number" || typeof value === "bigint"
        ? fitting(field, String(value))
        : ONLY_PRISMA_KNOWS;
    case "Float":
      return typeof value === "number" ? String(value) : ONLY_PRISMA_KNOWS;
    case "Decimal":
      if (typeof value === "number" || typeof value === "string") return fitting(field, String(value));
      return typeof value === "object" && isDecimal(value)
        ? fitting(field, value.toFixed())
        : ONLY_PRISMA_KNOWS;
    case "Boolean":
      return typeof value === "boolean" ? String(value) : ONLY_PRISMA_KNOWS;
    case "DateTime":
      return moment(field, value);
    case "String":
      return typeof value === "string" ? fitting(field, value) : ONLY_PRISMA_KNOWS;
    case "Bytes":
      return ArrayBuffer.isView(value)
        ? `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`
        : ONLY_PRISMA_KNOWS;
    default:
      return ONLY_PRISMA_KNOWS;
  }
}

function fitting(field: ScalarField, text: string): string | undefined {
  return fits(field, text) ? text : undefined;
}

function moment(field: ScalarField, value: unknown): string | typeof ONLY_PRISMA_KNOWS | undefined {
  const date = typeof value === "string" && MOMENT.test(value) ? new Date(value) : value;
  if (!(date instanceof Date)) return ONLY_PRISMA_KNOWS;
  if (Number.isNaN(date.getTime())) return undefined;
  // Prisma sends years before Christ as PostgreSQL does not read them.
  return date.getUTCFullYear() > 0 ? momentText(field, date) : undefined;
}

/** Names of fields can be those of every object's properties. */
function ownValue(values: Where, field: string): unknown {
  return Object.hasOwn(values, field) ? values[field] : undefined;
}

function isRecord(value: unknown): value is Where {
  return typeof value === "object" && value !== null;
}
