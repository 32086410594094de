import type { Row } from "../../changes/diff.js";
import { sameValue } from "../../changes/same-value.js";
import type { Link } from "../schema/link.js";
import type { Model } from "../schema/model.js";
import type { TouchedRow } from "./touched-rows.js";
import type { NestedItem } from "./tree.js";

/** Where a row is to be found after its key was written by the data of a nested write. */
export function movesByData(
  row: TouchedRow,
  { data, node }: NestedItem,
  reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>,
): void {
  const key = row.model.identity?.fields ?? [];
  if (key.some((field) => data[field] !== undefined)) row.moves.push(() => withData(row, data));
  for (const { link, items } of node?.relations ?? []) {
    if (link.holder !== "this" || !overlaps(row.model, link.own)) continue;
    for (const item of items) {
      if (item.effect !== "link") continue;
      row.moves.push(() => copyFields(row, link.own, reached.get(item)?.[0], link.other));
    }
  }
}

/** A row whose key has the reference in it moves when it is connected to another row. */
export function followLink(row: TouchedRow, link: Link, subjects: readonly TouchedRow[]): void {
  if (link.holder !== "other") return;
  for (const subject of subjects) followReference(row, link.other, subject, link.own);
}

/** The same for a reference that follows the key of the row that it refers to. */
export function followReference(
  row: TouchedRow,
  fields: readonly string[],
  other: TouchedRow,
  ofOther: readonly string[],
): void {
  if (overlaps(row.model, fields)) row.moves.push(() => copyFields(row, fields, other, ofOther));
}

function overlaps({ identity }: Model, fields: readonly string[]): boolean {
  return identity?.fields.some((field) => fields.includes(field)) === true;
}

function copyFields(
  { before }: TouchedRow,
  fields: readonly string[],
  other: TouchedRow | undefined,
  ofOther: readonly string[],
): Row | undefined {
  const source = other?.after ?? other?.before;
  if (before === undefined || source === undefined) return undefined;
  return { ...before, ...Object.fromEntries(fields.map((field, at) => [field, source[ofOther[at] ?? ""]])) };
}

function withData({ before, model }: TouchedRow, data: Row): Row | undefined {
  if (before === undefined) return undefined;
  const moved: Record<string, unknown> = { ...before };
  for (const field of model.identity?.fields ?? []) {
    if (data[field] !== undefined) moved[field] = valueAfter(before[field], data[field]);
  }
  return moved;
}

/** What a field has after `written`: a value, or an operation on the value that it had. */
function valueAfter(before: unknown, written: unknown): unknown {
  if (typeof written !== "object" || written === null) return written;
  const [[operation, operand] = [], ...others] = Object.entries(written);
  if (operation === "set" && others.length === 0) return operand;
  if (typeof before === "number" && typeof operand === "number")
    return calculated(before, operation, operand);
  if (typeof before === "bigint" && (typeof operand === "bigint" || typeof operand === "number"))
    return calculatedExactly(before, operation, BigInt(operand));
  return sameValue(before, written) ? before : written;
}

function calculated(value: number, operation: string | undefined, operand: number): unknown {
  if (operation === "increment") return value + operand;
  if (operation === "decrement") return value - operand;
  if (operation === "multiply") return value * operand;
  return operation === "divide" && operand !== 0 ? Math.trunc(value / operand) : undefined;
}

function calculatedExactly(value: bigint, operation: string | undefined, operand: bigint): unknown {
  if (operation === "increment") return value + operand;
  if (operation === "decrement") return value - operand;
  if (operation === "multiply") return value * operand;
  return operation === "divide" && operand !== 0n ? value / operand : undefined;
}
