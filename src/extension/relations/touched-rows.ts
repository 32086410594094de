import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { aggregateKeyOf, identityOf } from "../../models/row-key.js";
import { keepsTupleId } from "../../models/stored-row.js";

/** A row that a call may write, before and after it. */
export interface TouchedRow {
  readonly model: Model;
  /** Undefined: it was not there. */
  readonly before: Row | undefined;
  /** Undefined: it is not there any more, or not read yet. */
  readonly after: Row | undefined;
  /** Whether the call may remove it. */
  mayBeDeleted: boolean;
  /** Whether PostgreSQL itself may write it, after the statement that answers has read it. */
  mayBeActedOn: boolean;
  /** Fields that the call may write, as far as known beforehand. */
  readonly written: Set<string>;
}

/** All rows that a call may write, each once. */
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
