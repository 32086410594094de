import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import type { Reference, References } from "../catalog/references.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

/** How many rows may follow, and what to throw when there are more. */
export interface RowLimit {
  readonly maxRows: number;
  readonly error: () => Error;
}

/**
 * Reads and locks the rows that PostgreSQL itself would delete or change along with `rows`, those that follow from
 * these too, as far as they lead to captured models.
 *
 * @returns of each model whose rows may follow, how often PostgreSQL will change one.
 */
export async function lockRowsOfActions(
  references: References,
  isCaptured: (model: Model) => boolean,
  loader: RowLoader,
  rows: TouchedRows,
  { maxRows, error }: RowLimit,
): Promise<ReadonlyMap<Model, number>> {
  const changes = new Map<Model, number>();
  const done = new Map<TouchedRow, Set<string>>();
  const most = rows.all().length + maxRows;
  let open: Iterable<TouchedRow> = Array.from(rows.all());
  for (;;) {
    const steps: Action[] = [];
    for (const row of open) {
      const known = done.get(row) ?? new Set();
      done.set(row, known);
      for (const reference of references.to(row.model, isCaptured)) {
        const effect = effectOn(row, reference);
        const id = `${effect} ${reference.holder.name} ${reference.fields.join()}`;
        if (effect === undefined || known.has(id)) continue;
        known.add(id);
        steps.push({ row, reference, effect });
      }
    }
    if (steps.length === 0) return changes;
    const wanted = most - rows.all().length + 1;
    const reached = await loader.all(steps.map((step) => () => lockRowsOfAction(loader, rows, step, wanted)));
    if (rows.all().length > most) throw error();
    for (const [at, { reference, effect }] of steps.entries()) {
      const count = effect === "deletes" ? 0 : (reached[at]?.length ?? 0);
      changes.set(reference.holder, (changes.get(reference.holder) ?? 0) + count);
    }
    open = new Set(reached.flat());
  }
}

interface Action {
  readonly row: TouchedRow;
  readonly reference: Reference;
  readonly effect: "deletes" | "changes" | "moves";
}

function effectOn(
  row: TouchedRow,
  { onDelete, onUpdate, toFields }: Reference,
): Action["effect"] | undefined {
  if (row.before === undefined) return undefined;
  if (row.mayBeDeleted && onDelete !== null) return onDelete === "cascade" ? "deletes" : "changes";
  return onUpdate !== null && toFields.some((field) => row.written.has(field)) ? "moves" : undefined;
}

/** @returns the rows that follow. */
async function lockRowsOfAction(
  loader: RowLoader,
  rows: TouchedRows,
  { row, reference, effect }: Action,
  most: number,
): Promise<readonly TouchedRow[]> {
  const { holder, fields, toFields } = reference;
  const key = row.before === undefined ? undefined : keyTexts(row.model, toFields, row.before);
  if (key === undefined) return [];
  // Nobody may come to refer to a key that changes, once those who do are read.
  if (effect === "moves") await lockForChange(loader, row);
  const lock = effect === "deletes" ? "update" : "no key update";
  const followers: TouchedRow[] = [];
  for (const found of await loader.find({ model: holder, fields, keys: [key], lock, most })) {
    const other = rows.found(holder, found);
    other.mayBeActedOn = true;
    if (effect === "deletes") other.mayBeDeleted = true;
    else for (const field of fields) other.written.add(field);
    followers.push(other);
  }
  return followers;
}

async function lockForChange(loader: RowLoader, { model, before }: TouchedRow): Promise<void> {
  const fields = model.identity?.fields ?? [];
  const key = before === undefined ? undefined : keyTexts(model, fields, before);
  if (key !== undefined) await loader.find({ model, fields, keys: [key], lock: "update" });
}
