import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { comparableTexts } from "../../models/row-key.js";
import type { Related } from "./nested-difference.js";
import type { NestedRelation } from "./nested-writes.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

type Time = "before" | "after";
type Index = ReadonlyMap<string, readonly TouchedRow[]>;

/** Relations among the rows that a call may have touched, by what their fields held before and hold after. */
export class RelationIndex implements Related {
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
