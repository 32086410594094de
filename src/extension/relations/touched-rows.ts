import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { aggregateKeyOf, identityOf } from "../../models/row-key.js";
import { keepsTupleId } from "../../models/stored-row.js";
import type { UniqueMatch } from "../rows/unique-match.js";
import { isInKey, type NestedItem, type NestedRelation } from "./nested-writes.js";

/** A row that a call may write, before and after it. */
export interface TouchedRow {
  readonly model: Model;
  /** Undefined: it was not there. */
  readonly before: Row | undefined;
  /** Undefined: it is not there any more, or not read yet. */
  readonly after: Row | undefined;
  /** Whether the call may delete it. */
  mayBeDeleted: boolean;
  /** Whether a referential action may write it, after the statement that answers has read it. */
  mayBeActedOn: boolean;
  /** The fields that the call may write, as far as is known beforehand. */
  readonly written: Set<string>;
}

/** All rows that a call may write: its own and the related ones, each once. */
export class TouchedRows {
  readonly #before = new Map<string, TouchedRow>();
  readonly #after = new Map<string, TouchedRow>();
  readonly #all: TouchedRow[] = [];

  /** In the order in which they were found. */
  all(): readonly TouchedRow[] {
    return this.#all;
  }

  /** A row that was there before. */
  found(model: Model, before: Row): TouchedRow {
    const key = rowId(model, before);
    const known = this.#before.get(key);
    if (known !== undefined) return known;
    const row = this.#add(model, before);
    this.#before.set(key, row);
    return row;
  }

  /** A row that was not there before. */
  created(model: Model, after?: Row): TouchedRow {
    const row = this.#add(model, undefined);
    if (after !== undefined) this.settle(row, after);
    return row;
  }

  /** Notes what has become of a row. */
  settle(row: TouchedRow, after: Row): void {
    const { model, before } = row;
    if (before !== undefined && aggregateKeyOf(model, before) === aggregateKeyOf(model, after))
      keepsTupleId(after, before, model.identity?.fields ?? []);
    (row as { after: Row }).after = after;
    this.#after.set(rowId(row.model, after), row);
  }

  /** The row that has this key now. */
  withAfter(model: Model, row: Row): TouchedRow | undefined {
    return this.#after.get(rowId(model, row));
  }

  #add(model: Model, before: Row | undefined): TouchedRow {
    const row: TouchedRow = {
      model,
      before,
      after: undefined,
      mayBeDeleted: false,
      mayBeActedOn: false,
      written: new Set(),
    };
    this.#all.push(row);
    return row;
  }
}

function rowId(model: Model, row: Row): string {
  return `${model.name} ${identityOf(model, row)}`;
}

/** What was found before a call with nested writes. */
export interface FoundBefore {
  readonly rows: TouchedRows;
  /** The rows that each nested write will reach. */
  readonly reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>;
  /** The {@link writtenRowId}s of rows that the transaction had written before this call. */
  readonly writtenBefore: ReadonlySet<string>;
  /**
   * The models of rows that were missing: if another transaction creates such a row meanwhile, the call may write it.
   */
  readonly missing: ReadonlySet<Model>;
  /** The relations whose created rows may be unlinked again, so that no reference leads to them. */
  readonly unlinking: ReadonlySet<NestedRelation>;
  /** The rows that the call names and that were missing, where it would have written to them. */
  readonly absent: readonly AbsentRow[];
}

/** Of a call without nested writes. */
export const NOTHING_FOUND: Omit<FoundBefore, "rows"> = {
  reached: new Map(),
  writtenBefore: new Set(),
  missing: new Set(),
  unlinking: new Set(),
  absent: [],
};

/** A row that a nested write names and that was missing. */
export interface AbsentRow {
  readonly nested: NestedRelation;
  readonly item: NestedItem;
  readonly match: UniqueMatch;
  /** Whether Prisma comes to this write in any case. */
  readonly isReached: boolean;
}

/** A row in {@link FoundBefore.writtenBefore}. */
export function writtenRowId(model: Model, identity: string): string {
  return `${model.name} ${identity}`;
}

/** Nothing where the call would not write to the row. */
export function absentRows(
  nested: NestedRelation,
  item: NestedItem,
  match: UniqueMatch | undefined,
  isReached: boolean,
): readonly AbsentRow[] {
  const { link } = nested;
  // A row that is only referred to is not written, unless it is taken from another, and matters only in a key.
  const isOnlyReferredTo =
    item.effect === "link" && link.holder === "this" && !link.isExclusive && !isInKey(nested);
  return match === undefined || isOnlyReferredTo ? [] : [{ nested, item, match, isReached }];
}
