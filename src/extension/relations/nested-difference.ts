import { creation, type Difference, modification, type Row } from "../../changes/diff.js";
import { redactDifference, redactRow } from "../../changes/redact.js";
import type { Model } from "../../models/model.js";
import { touchedFields } from "../../models/model.js";
import { comparableTexts } from "../../models/row-key.js";
import type { Redaction, Redactions } from "../../registry/redaction.js";
import { compareByKey } from "../rows/row-order.js";
import type { NestedRelation } from "./nested-writes.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

/** The relations of each row through which nested writes were made. */
export type WrittenRelations = ReadonlyMap<TouchedRow, ReadonlySet<NestedRelation>>;

/** A related row, as the changes of the row above it show it. */
interface Item {
  readonly row: TouchedRow;
  readonly isNow: boolean;
  readonly changes: Row | null;
  readonly initialData: Row | null;
}

/**
 * How a row differs after a call: in its own fields, and in what nested writes did through its relations. Undefined:
 * not at all.
 */
export function nestedDifference(
  row: TouchedRow,
  written: WrittenRelations,
  index: RelationIndex,
  redactions: Redactions,
): Difference | undefined {
  return difference(row, { written, index, redactions }, [row]);
}

/** What is needed to compare a row. */
interface Comparison {
  readonly written: WrittenRelations;
  readonly index: RelationIndex;
  readonly redactions: Redactions;
}

function difference(
  row: TouchedRow,
  comparison: Comparison,
  path: readonly TouchedRow[],
): Difference | undefined {
  const { before, after, model } = row;
  if (after === undefined) return undefined;
  const touched = touchedFields(model);
  const all = before === undefined ? creation(after) : modification(before, after, touched);
  const own = redactDifference(comparison.redactions.get(model.name), all, touched);
  const changes: Record<string, unknown> = { ...own?.changes };
  const initialData: Record<string, unknown> = { ...own?.initialData };
  let differs = own !== undefined;
  for (const [name, nested] of relationsOf(comparison.written.get(row))) {
    const items = nested.flatMap((one) => itemsOf(row, one, comparison, path));
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

/** One row may have replaced another. */
function initialOfOne(items: readonly Item[]): Row | null {
  const gone = items.find((item) => !item.isNow) ?? items[0];
  return gone?.initialData ?? null;
}

/** By name: several nested writes through one relation make one change of it. */
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
  comparison: Comparison,
  path: readonly TouchedRow[],
): readonly Item[] {
  const items: Item[] = [];
  for (const { row, was, is } of comparison.index.find(parent, nested)) {
    if (path.includes(row)) continue;
    const redaction = comparison.redactions.get(row.model.name);
    const item = itemOf(row, was, is, nested, difference(row, comparison, [...path, row]), redaction);
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

type Time = "before" | "after";
type Index = ReadonlyMap<string, readonly TouchedRow[]>;

/** Finds relations among the rows that a call may have touched, by the values of their fields before and after. */
export class RelationIndex {
  readonly #rows: TouchedRows;
  readonly #indexes = new Map<string, Index>();

  constructor(rows: TouchedRows) {
    this.#rows = rows;
  }

  find(row: TouchedRow, nested: NestedRelation) {
    const was = new Set(this.#at("before", row, nested));
    const is = new Set(this.#at("after", row, nested));
    return Array.from(new Set([...was, ...is]), (one) => ({
      row: one,
      was: was.has(one),
      is: is.has(one),
    }));
  }

  #at(time: Time, row: TouchedRow, { link, target }: NestedRelation): readonly TouchedRow[] {
    if (link.between === undefined) return this.#with(time, target, link.other, row, link.own);
    const { model, ownField, otherField } = link.between;
    const pairs = this.#with(time, model, [ownField], row, link.own);
    return pairs.flatMap((pair) => this.#with(time, target, link.other, pair, [otherField]));
  }

  /** Rows of `model` that have in `fields` what `other` has in `ofOther`. */
  #with(
    time: Time,
    model: Model,
    fields: readonly string[],
    other: TouchedRow,
    ofOther: readonly string[],
  ): readonly TouchedRow[] {
    const key = textOf(other.model, ofOther, other[time]);
    return key === undefined ? [] : (this.#index(time, model, fields).get(key) ?? []);
  }

  #index(time: Time, model: Model, fields: readonly string[]): Index {
    const name = JSON.stringify([time, model.name, fields]);
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = new Map<string, TouchedRow[]>();
    for (const row of this.#rows.all()) {
      const key = row.model === model ? textOf(model, fields, row[time]) : undefined;
      if (key === undefined) continue;
      const others = index.get(key);
      if (others === undefined) index.set(key, [row]);
      else others.push(row);
    }
    this.#indexes.set(name, index);
    return index;
  }
}

function textOf(model: Model, fields: readonly string[], row: Row | undefined): string | undefined {
  const texts = row === undefined ? undefined : comparableTexts(model, fields, row);
  return texts === undefined ? undefined : JSON.stringify(texts);
}
