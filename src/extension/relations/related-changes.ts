import type { RowChange } from "../../capture/row-change.js";
import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import { loadCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { byReference } from "./event-order.js";
import { checkNoneHidden } from "./hidden-rows.js";
import { checkMissing } from "./missing-rows.js";
import { nestedDifference, RelationIndex, type WrittenRelations } from "./nested-difference.js";
import { loaderIn, type ManyRelatedBefore, modelsOf, type RelatedBefore } from "./read-related.js";
import { NOTHING_FOUND, type TouchedRow, type TouchedRows } from "./touched-rows.js";
import { AfterWalk } from "./walk-after.js";

/** The rules for the call's own rows. */
type OwnRules = (operation: CapturedOperation) => readonly Rule[];

/**
 * Reads again, after a call of one row, every row that it may have touched, and what it created.
 *
 * @param row the call's own row after it; undefined when it is gone.
 * @returns the changes of all of these rows, in the order in which their events are published.
 * @throws LostRace when another transaction created a row that was missing before.
 */
export async function relatedChanges(
  bus: Bus,
  transaction: TransactionHandle,
  { call, top, found, counters, policies }: RelatedBefore,
  row: Row | undefined,
  rules: OwnRules,
): Promise<readonly RowChange[]> {
  const loader = loaderIn(bus, transaction);
  const walk = new AfterWalk(loader, found, await loadCatalog(bus, transaction));
  if (row !== undefined) found.rows.settle(top, row);
  const own = new Set([top]);
  await walk.readAgain(own);
  const { node } = call;
  if (node !== undefined) await loader.all([() => walk.visit(node, [top])]);
  await checkMissing(bus, transaction, loader, found, call, counters);
  const written = new Set(modelsOf(call));
  await checkNoneHidden(bus, transaction, policies, found.rows, (model) => written.has(model));
  return changesOf(bus, found.rows, own, walk.written, rules);
}

/**
 * The same after a call of any number of rows.
 *
 * @param after what has become of each of the call's own rows; undefined: it is gone.
 */
export async function manyRelatedChanges(
  bus: Bus,
  transaction: TransactionHandle,
  { own, rows, policies }: ManyRelatedBefore,
  after: readonly (Row | undefined)[],
  rules: OwnRules,
): Promise<readonly RowChange[]> {
  const loader = loaderIn(bus, transaction);
  const walk = new AfterWalk(loader, { ...NOTHING_FOUND, rows }, await loadCatalog(bus, transaction));
  for (const [index, row] of own.entries()) {
    const now = after[index];
    if (now !== undefined) rows.settle(row, now);
  }
  const ownRows = new Set(own);
  await walk.readAgain(ownRows);
  await checkNoneHidden(bus, transaction, policies, rows, (model: Model) => model === own[0]?.model);
  return changesOf(bus, rows, ownRows, walk.written, rules);
}

/**
 * First the rows that were created or changed, each before those that refer to it; then the deleted ones, the other way
 * round.
 */
function changesOf(
  bus: Bus,
  rows: TouchedRows,
  own: ReadonlySet<TouchedRow>,
  written: WrittenRelations,
  ownRules: OwnRules,
): readonly RowChange[] {
  const index = new RelationIndex(rows);
  const changes: { readonly change: RowChange }[] = [];
  for (const row of rows.all()) {
    const { model, before, after } = row;
    const operation = operationOf(before, after);
    if (operation === undefined) continue;
    const rules = own.has(row) ? ownRules(operation) : (bus.options.rules.get(model.name)?.[operation] ?? []);
    if (rules.length === 0) continue;
    const change = { model, operation, before, after, rules };
    const hasNestedWrites = operation !== "delete" && written.has(row);
    changes.push({
      change: hasNestedWrites
        ? { ...change, difference: nestedDifference(row, written, index, bus.options.redactions) ?? null }
        : change,
    });
  }
  return byReference(bus.models, changes).map(({ change }) => change);
}

function operationOf(before: Row | undefined, after: Row | undefined): CapturedOperation | undefined {
  if (before === undefined) return after === undefined ? undefined : "create";
  return after === undefined ? "delete" : "update";
}
