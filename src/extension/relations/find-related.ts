import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import type { LockStrength } from "../../outbox/lock-row.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { UniqueMatch } from "../rows/unique-match.js";
import type { NestedItem, NestedRelation } from "./nested-writes.js";
import type { Pin } from "./pin-to-locked-rows.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

/** To how many rows a write to all related rows can be restricted: each is a parameter of the statement. */
const MOST_NAMED = 10_000;

/**
 * The unique key by which a `where` finds its row; "absent": there is no such row. Undefined: Prisma will refuse the
 * call.
 */
export type ResolveKey = (model: Model, where: unknown) => Promise<UniqueMatch | "absent" | undefined>;

/** Rows that were found by a key. */
export interface NamedRows {
  readonly rows: readonly TouchedRow[];
  readonly match: UniqueMatch | undefined;
}

/** Finds and locks the rows that nested writes name, and those that are related to others. */
export class RelatedRowFinder {
  readonly #loader: RowLoader;
  readonly #rows: TouchedRows;
  readonly #pins: ReadonlyMap<NestedItem, Pin>;
  readonly #ask: ResolveKey;

  /** @param pins the writes that are restricted to the rows that are found and locked. */
  constructor(loader: RowLoader, rows: TouchedRows, pins: ReadonlyMap<NestedItem, Pin>, ask: ResolveKey) {
    this.#ask = ask;
    this.#loader = loader;
    this.#rows = rows;
    this.#pins = pins;
  }

  /** The row that `where` names by a unique key, if it exists. */
  async named(model: Model, where: unknown, lock: LockStrength): Promise<NamedRows> {
    const match = await this.#ask(model, where);
    if (match === undefined || match === "absent") return { rows: [], match: undefined };
    const found = await this.#loader.find({ model, fields: match.key.fields, keys: [match.texts], lock });
    return { rows: found.map((row) => this.#rows.found(model, row)), match };
  }

  /** The rows that are related to `subjects`, for an item that writes to all of them. */
  async related(
    nested: NestedRelation,
    item: NestedItem,
    subjects: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const { link, relation } = nested;
    const pin = this.#pins.get(item);
    if (link.holder === "this" || pin !== undefined) {
      const named = await this.#relatedNow(nested, subjects, lock);
      if (pin?.release === undefined || named.length <= MOST_NAMED) return named;
      pin.release();
    }
    // A row that becomes related between this and the write would be written unseen. A relation to one row is full.
    if (relation.isList) await this.#closeFor(subjects);
    const related = await this.#relatedNow(nested, subjects, lock);
    if (relation.isList || related.length > 0 || subjects.length === 0) return related;
    await this.#closeFor(subjects);
    return this.#relatedNow(nested, subjects, lock);
  }

  /** Locks rows such that no other transaction can make a row refer to them. */
  async #closeFor(subjects: readonly TouchedRow[]): Promise<void> {
    const byModel = new Map<Model, TouchedRow[]>();
    for (const subject of subjects)
      byModel.set(subject.model, [...(byModel.get(subject.model) ?? []), subject]);
    for (const [model, rows] of byModel) {
      const fields = model.identity?.fields ?? [];
      await this.#loader.find({ model, fields, keys: keysOfAll(rows, fields), lock: "update" });
    }
  }

  async #relatedNow(
    nested: NestedRelation,
    subjects: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const { target, link } = nested;
    if (link.between === undefined) return this.holders(target, link.other, link.own, subjects, lock);
    const pairs = await this.pairs(nested, subjects);
    return this.holders(target, link.other, [link.between.otherField], pairs, lock);
  }

  /** The rows of the table between, by which `subjects` are related in a many-to-many relation. */
  pairs({ link }: NestedRelation, subjects: readonly TouchedRow[]): Promise<readonly TouchedRow[]> {
    if (link.between === undefined) return Promise.resolve([]);
    const { model, ownField } = link.between;
    return this.holders(model, [ownField], link.own, subjects, "no key update");
  }

  /** Rows of `model` of which `fields` have the values that `others` have in `ofOthers`. */
  async holders(
    model: Model,
    fields: readonly string[],
    ofOthers: readonly string[],
    others: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const keys = keysOfAll(others, ofOthers);
    const found = await this.#loader.find({ model, fields, keys, lock });
    return found.map((row) => this.#rows.found(model, row));
  }
}

export function keysOfAll(rows: readonly TouchedRow[], fields: readonly string[]): readonly LookupKey[] {
  return rows.flatMap((row) => keyTextsBefore(row, fields));
}

function keyTextsBefore({ model, before }: TouchedRow, fields: readonly string[]): readonly LookupKey[] {
  const texts = before === undefined ? undefined : keyTexts(model, fields, before);
  return texts === undefined ? [] : [texts];
}
