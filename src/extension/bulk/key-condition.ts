import type { Row } from "../../changes/diff.js";
import { noRow } from "../no-row.js";
import { isSkipped } from "../prisma-internals.js";
import type { UniqueKey } from "../schema/model.js";
import type { CallArgs } from "../selection.js";

/** A `where` for those of the rows that the caller's `where` finds. */
export function amongRows(args: CallArgs, key: UniqueKey, rows: readonly Row[]): object {
  const condition = keyCondition(key, rows);
  const { where } = args;
  return where === undefined || isSkipped(where) ? condition : { AND: [where, condition] };
}

function keyCondition({ fields }: UniqueKey, rows: readonly Row[]): object {
  if (rows.length === 0) return noRow(fields);
  const [only = ""] = fields;
  if (fields.length === 1) return { [only]: { in: rows.map((row) => row[only]) } };
  return { OR: grouped(fields, rows) };
}

/** The parts of a key that rows share are said once: it makes the condition, and PostgreSQL's work, smaller. */
function grouped(fields: readonly string[], rows: readonly Row[]): readonly object[] {
  const distinct = fields.map((field) => new Set(rows.map((row) => textOf(row[field]))).size);
  const listed = fields[distinct.indexOf(Math.max(...distinct))] ?? "";
  const shared = fields.filter((field) => field !== listed);
  const groups = new Map<string, { readonly first: Row; readonly values: unknown[] }>();
  for (const row of rows) {
    const id = JSON.stringify(shared.map((field) => textOf(row[field])));
    const group = groups.get(id) ?? { first: row, values: [] };
    groups.set(id, group);
    group.values.push(row[listed]);
  }
  return Array.from(groups.values(), ({ first, values }) => ({
    ...Object.fromEntries(shared.map((field) => [field, first[field]])),
    [listed]: { in: values },
  }));
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
