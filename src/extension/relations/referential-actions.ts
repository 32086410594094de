import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import { capturedActionsIn, capturesReferentialActions } from "../catalog/captured-actions.js";
import { type Catalog, loadCatalog } from "../catalog/catalog.js";
import type { Reference } from "../catalog/references.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

/** How often PostgreSQL itself is expected to change a row of each model. */
export type ExpectedChanges = ReadonlyMap<Model, number>;

/**
 * Locks and reads the rows on which referential actions may follow from what the call does to `rows`, and those on
 * which actions follow from these, as far as they lead to models with rules. `rows` takes them up.
 *
 * @param model that of the call.
 * @returns the models of these rows that have policies, which may hide further ones.
 * @throws EventBusError `TOO_MANY_ROWS`.
 */
export async function lockRowsOfActions(
  bus: Bus,
  transaction: TransactionHandle,
  loader: RowLoader,
  rows: TouchedRows,
  model: Model,
): Promise<ExpectedChanges> {
  if (!capturesReferentialActions(bus)) return NO_CHANGES;
  const catalog = await loadCatalog(bus, transaction);
  const changes = await lockAll(bus, catalog, loader, rows, model);
  return new Map(Array.from(changes).filter(([holder]) => catalog.table(holder)?.hasRowSecurity === true));
}

const NO_CHANGES: ExpectedChanges = new Map();

async function lockAll(
  bus: Bus,
  catalog: Catalog,
  loader: RowLoader,
  rows: TouchedRows,
  model: Model,
): Promise<ExpectedChanges> {
  const { maxRows } = bus.options.bulk;
  const changes = new Map<Model, number>();
  const done = new Map<TouchedRow, Set<string>>();
  const most = rows.all().length + maxRows;
  let open: Iterable<TouchedRow> = Array.from(rows.all());
  for (;;) {
    const actions: Action[] = [];
    for (const row of open) {
      const known = done.get(row) ?? new Set();
      done.set(row, known);
      for (const reference of capturedActionsIn(catalog, bus, row.model).references) {
        const effect = effectOn(row, reference);
        const id = `${effect} ${reference.holder.name} ${reference.fields.join()}`;
        if (effect === undefined || known.has(id)) continue;
        known.add(id);
        actions.push({ row, reference, effect });
      }
    }
    if (actions.length === 0) return changes;
    const wanted = most - rows.all().length + 1;
    const reached = await loader.all(
      actions.map((action) => () => lockRowsOfAction(loader, rows, action, wanted)),
    );
    if (rows.all().length > most) throw tooManyRows(model, maxRows);
    for (const [at, { reference, effect }] of actions.entries()) {
      const count = effect === "deletes" ? 0 : (reached[at]?.length ?? 0);
      changes.set(reference.holder, (changes.get(reference.holder) ?? 0) + count);
    }
    open = new Set(reached.flat());
  }
}

/** A referential action on the rows that refer to a row. */
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

/** @returns the rows on which the action follows. */
async function lockRowsOfAction(
  loader: RowLoader,
  rows: TouchedRows,
  { row, reference, effect }: Action,
  most: number,
): Promise<readonly TouchedRow[]> {
  const { holder, fields, toFields } = reference;
  const key = row.before === undefined ? undefined : keyTexts(row.model, toFields, row.before);
  if (key === undefined) return [];
  // Once the rows that refer to a key that changes are read, no other transaction may make a row refer to it.
  if (effect === "moves") await lockForChange(loader, row);
  const lock = effect === "deletes" ? "update" : "no key update";
  const actedOn: TouchedRow[] = [];
  for (const found of await loader.find({ model: holder, fields, keys: [key], lock, most })) {
    const other = rows.found(holder, found);
    other.mayBeActedOn = true;
    if (effect === "deletes") other.mayBeDeleted = true;
    else for (const field of fields) other.written.add(field);
    actedOn.push(other);
  }
  return actedOn;
}

async function lockForChange(loader: RowLoader, { model, before }: TouchedRow): Promise<void> {
  const fields = model.identity?.fields ?? [];
  const key = before === undefined ? undefined : keyTexts(model, fields, before);
  if (key !== undefined) await loader.find({ model, fields, keys: [key], lock: "update" });
}

function tooManyRows({ name, jsName }: Model, maxRows: number): EventBusError {
  return new EventBusError(
    "TOO_MANY_ROWS",
    `A call of prisma.${jsName} was refused before it wrote its rows: PostgreSQL would delete or change more than ${maxRows} ` +
      `other rows along with them in one transaction, expected at most ${maxRows}. Delete those first, in parts, raise ` +
      "bulk.maxRows of eventBus(), or run it in prisma.$withoutEvents(() => …) if no events are wanted.",
    { value: maxRows, path: name },
  );
}
