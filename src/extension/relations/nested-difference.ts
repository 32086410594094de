import { creation, type Difference, modification, type Row } from "../../changes/diff.js";
import { redactDifference, redactRow } from "../../changes/redact.js";
import type { Model } from "../../models/model.js";
import { touchedFields } from "../../models/model.js";
import type { Redaction, Redactions } from "../../registry/redaction.js";
import { compareByKey } from "../rows/row-order.js";
import type { NestedRelation } from "./nested-writes.js";
import type { TouchedRow } from "./touched-rows.js";

/** Where nested writes were made: the relations of each row that they went through. */
export type WrittenRelations = ReadonlyMap<TouchedRow, ReadonlySet<NestedRelation>>;

/** A row in a list of the parent's changes: what is new, what was. */
interface Item {
  readonly row: TouchedRow;
  readonly isNow: boolean;
  readonly changes: Row | null;
  readonly initialData: Row | null;
}

/** Finds rows by the values of some fields, before and after. */
export interface Related {
  /** The rows that may have been touched and are or were related, with when they are and were. */
  find(
    row: TouchedRow,
    nested: NestedRelation,
  ): readonly { readonly row: TouchedRow; readonly was: boolean; readonly is: boolean }[];
}

/**
 * What a call made of a row: of its own fields, and of what it wrote through its relations. Undefined when nothing
 * changed.
 */
export function nestedDifference(
  row: TouchedRow,
  written: WrittenRelations,
  related: Related,
  redactions: Redactions,
): Difference | undefined {
  return difference(row, { written, related, redactions }, [row]);
}

/** What is needed to look at a row. */
interface Comparison {
  readonly written: WrittenRelations;
  readonly related: Related;
  readonly redactions: Redactions;
}

function difference(row: TouchedRow, sight: Comparison, path: readonly TouchedRow[]): Difference | undefined {
  const { before, after, model } = row;
  if (after === undefined) return undefined;
  const touched = touchedFields(model);
  const all = before === undefined ? creation(after) : modification(before, after, touched);
  const own = redactDifference(sight.redactions.get(model.name), all, touched);
  const changes: Record<string, unknown> = { ...own?.changes };
  const initialData: Record<string, unknown> = { ...own?.initialData };
  let differs = own !== undefined;
  for (const [name, nested] of relationsOf(sight.written.get(row))) {
    const items = nested.flatMap((one) => itemsOf(row, one, sight, path));
    if (items.length === 0) continue;
    differs = true;
    const { relation } = nested[0] as NestedRelation;
    if (relation.isList) {
      changes[name] = items.map((item) => item.changes);
      initialData[name] = before === undefined ? [] : items.map((item) => item.initialData);
    } else {
      changes[name] = items.find((item) => item.isNow)?.changes ?? null;
      initialData[name] = before === undefined ? null : initialOfOne(items);
    }
  }
  return differs ? { changes, initialData } : undefined;
}

/** One row may have come in the place of another. */
function initialOfOne(items: readonly Item[]): Row | null {
  const gone = items.find((item) => !item.isNow) ?? items[0];
  return gone?.initialData ?? null;
}

/** The relations by name; two writes of one call through a relation are one change of it. */
function relationsOf(
  written: ReadonlySet<NestedRelation> | undefined,
): Map<string, readonly NestedRelation[]> {
  const byName = new Map<string, readonly NestedRelation[]>();
  for (const nested of written ?? []) {
    if (!byName.has(nested.relation.name)) byName.set(nested.relation.name, [nested]);
  }
  return byName;
}

function itemsOf(
  parent: TouchedRow,
  nested: NestedRelation,
  sight: Comparison,
  path: readonly TouchedRow[],
): readonly Item[] {
  const items: Item[] = [];
  for (const { row, was, is } of sight.related.find(parent, nested)) {
    if (path.includes(row)) continue;
    const redaction = sight.redactions.get(row.model.name);
    const item = itemOf(row, was, is, nested, difference(row, sight, [...path, row]), redaction);
    if (item !== undefined) items.push(item);
  }
  return items.sort((a, b) => compareByKey(a.row.model, rowOf(a.row), rowOf(b.row)));
}

function rowOf({ before, after }: TouchedRow): Row {
  return after ?? before ?? {};
}

function itemOf(
  row: TouchedRow,
  was: boolean,
  is: boolean,
  { link }: NestedRelation,
  changed: Difference | undefined,
  redaction: Redaction | undefined,
): Item | undefined {
  const { before, after, model } = row;
  if (after === undefined)
    return before && { row, isNow: false, changes: null, initialData: redactRow(redaction, before) };
  if (before === undefined)
    return { row, isNow: is, changes: changed?.changes ?? redactRow(redaction, after), initialData: {} };
  if (link.holder === "between" && was !== is) {
    return is
      ? { row, isNow: is, changes: { ...keyValues(model, after), ...changed?.changes }, initialData: {} }
      : { row, isNow: is, changes: null, initialData: keyValues(model, before) };
  }
  if (changed === undefined) return undefined;
  return {
    row,
    isNow: is,
    changes: { ...keyValues(model, after), ...changed.changes },
    initialData: { ...keyValues(model, before), ...changed.initialData },
  };
}

function keyValues({ identity }: Model, row: Row): Row {
  return Object.fromEntries((identity?.fields ?? []).map((field) => [field, row[field]]));
}
