import { followReference } from "../nested/moves.js";
import type { TouchedRow, TouchedRows } from "../nested/touched-rows.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { Model } from "../schema/model.js";
import { keyTexts } from "../unique-match.js";
import type { Reference, References } from "./references.js";

/**
 * Reads and locks the rows that PostgreSQL itself would delete or change along with `rows`, those that follow from
 * these too, as far as they lead to captured models.
 */
export async function followReferences(
  references: References,
  isCaptured: (model: Model) => boolean,
  loader: RowLoader,
  rows: TouchedRows,
): Promise<void> {
  const done = new Set<string>();
  const numbers = new Map<TouchedRow, number>();
  for (let found = true; found; ) {
    const steps = rows.all().flatMap((row) => {
      const number = numbers.get(row) ?? numbers.size;
      numbers.set(row, number);
      return references.to(row.model, isCaptured).flatMap((reference) => {
        const effect = effectOn(row, reference);
        const id = `${number} ${effect} ${JSON.stringify([reference.holder.name, reference.fields])}`;
        if (effect === undefined || done.has(id)) return [];
        done.add(id);
        return [{ row, reference, effect }];
      });
    });
    found = steps.length > 0;
    await loader.all(steps.map((step) => () => follow(loader, rows, step)));
  }
}

interface Step {
  readonly row: TouchedRow;
  readonly reference: Reference;
  readonly effect: "deletes" | "changes" | "moves";
}

function effectOn(row: TouchedRow, { onDelete, onUpdate, toFields }: Reference): Step["effect"] | undefined {
  if (row.before === undefined) return undefined;
  if (row.mayGo && onDelete !== null) return onDelete === "cascade" ? "deletes" : "changes";
  return onUpdate !== null && toFields.some((field) => row.written.has(field)) ? "moves" : undefined;
}

async function follow(loader: RowLoader, rows: TouchedRows, { row, reference, effect }: Step): Promise<void> {
  const { holder, fields, toFields } = reference;
  const key = row.before === undefined ? undefined : keyTexts(row.model, toFields, row.before);
  if (key === undefined) return;
  // Nobody may come to refer to a key that changes, once those who do are read.
  if (effect === "moves") await lockForChange(loader, row);
  const lock = effect === "deletes" ? "update" : "no key update";
  for (const found of await loader.find({ model: holder, fields, keys: [key], lock })) {
    const other = rows.found(holder, found);
    other.mayFollow = true;
    if (effect === "deletes") other.mayGo = true;
    else for (const field of fields) other.written.add(field);
    if (effect === "moves") followReference(other, fields, row, toFields);
  }
}

async function lockForChange(loader: RowLoader, { model, before }: TouchedRow): Promise<void> {
  const fields = model.identity?.fields ?? [];
  const key = before === undefined ? undefined : keyTexts(model, fields, before);
  if (key !== undefined) await loader.find({ model, fields, keys: [key], lock: "update" });
}
