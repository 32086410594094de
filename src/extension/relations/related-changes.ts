import type { RowChange } from "../../capture/row-change.js";
import type { Row } from "../../changes/diff.js";
import type { CapturedOperation, Rule } from "../../registry/capture-rules.js";
import type { Bus } from "../prisma/bus.js";
import { byReference } from "./event-order.js";
import { nestedDifference } from "./nested-difference.js";
import type { RelatedAfter } from "./read-related.js";
import { RelationIndex } from "./relation-index.js";
import type { TouchedRow } from "./touched-rows.js";

/**
 * The changes of all rows that a call touched, in the order in which their events are published: what was created or
 * changed first, rows before those that refer to them; then what was deleted, the other way round.
 *
 * @param own the rules for the call's own rows.
 */
export function relatedChanges(
  bus: Bus,
  { own: ownRows, rows, written }: RelatedAfter,
  own: (operation: CapturedOperation) => readonly Rule[],
): readonly RowChange[] {
  const related = new RelationIndex(rows);
  const changes: { readonly row: TouchedRow; readonly change: RowChange }[] = [];
  for (const row of rows.all()) {
    const { model, before, after } = row;
    const operation = operationOf(before, after);
    if (operation === undefined) continue;
    const rules = ownRows.has(row) ? own(operation) : (bus.options.rules.get(model.name)?.[operation] ?? []);
    if (rules.length === 0) continue;
    const hasNestedWrites = operation !== "delete" && written.has(row);
    const difference = hasNestedWrites
      ? { difference: nestedDifference(row, written, related, bus.options.redactions) ?? null }
      : {};
    changes.push({ row, change: { model, operation, before, after, rules, ...difference } });
  }
  return byReference(bus.models, changes).map(({ change }) => change);
}

function operationOf(before: Row | undefined, after: Row | undefined): CapturedOperation | undefined {
  if (before === undefined) return after === undefined ? undefined : "create";
  return after === undefined ? "delete" : "update";
}
