import type { Model } from "../../models/model.js";
import { identityOf, keyTexts } from "../../models/row-key.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";
import type { RowLoader } from "../rows/row-loader.js";
import { type FoundBefore, writtenRowId } from "./found-before.js";
import type { NestedNode, NestedRelation } from "./nested-writes.js";
import type { ReadAgain } from "./read-again.js";
import type { TouchedRow } from "./touched-rows.js";

/** Reads again what a call with nested writes may have touched, and finds the rows that it created. */
export class AfterWalk {
  readonly #loader: RowLoader;
  readonly #past: FoundBefore;
  readonly #again: ReadAgain;
  /** Where the writes went. */
  readonly written = new Map<TouchedRow, Set<NestedRelation>>();

  constructor(loader: RowLoader, past: FoundBefore, again: ReadAgain) {
    this.#loader = loader;
    this.#past = past;
    this.#again = again;
  }

  /** @param own the call's own rows, which its answer has told already, unless PostgreSQL went on with them. */
  async readAgain(own: ReadonlySet<TouchedRow>): Promise<void> {
    const isOpen = (row: TouchedRow) => row.before !== undefined && (row.mayBeActedOn || !own.has(row));
    const rows = this.#past.rows.all().filter(isOpen);
    await this.#loader.all(rows.map((row) => () => this.#settle(row)));
  }

  /** @param subjects the rows that the node's data was written to. */
  async visit(node: NestedNode, subjects: readonly TouchedRow[]): Promise<void> {
    for (const subject of subjects) {
      const written = this.written.get(subject) ?? new Set();
      this.written.set(subject, written);
      for (const relation of node.relations) written.add(relation);
    }
    await this.#loader.all(node.relations.map((relation) => () => this.#relation(relation, subjects)));
  }

  async #relation(nested: NestedRelation, subjects: readonly TouchedRow[]): Promise<void> {
    const { link, items, creates } = nested;
    const pairs = link.between === undefined ? [] : await this.#newPairs(nested, subjects);
    const created = creates === undefined ? [] : await this.#created(nested, subjects, pairs);
    const flows = items.flatMap(({ node }, at) => {
      const reached = items[at] === undefined ? [] : (this.#past.reached.get(items[at]) ?? []);
      // What the same call creates it may find again by its key.
      return node === undefined ? [] : [() => this.visit(node, [...reached, ...created])];
    });
    if (creates !== undefined) flows.push(() => this.visit(creates, created));
    await this.#loader.all(flows);
  }

  async #newPairs({ link }: NestedRelation, subjects: readonly TouchedRow[]): Promise<readonly TouchedRow[]> {
    if (link.between === undefined) return [];
    const { model, ownField } = link.between;
    return this.#new(model, [ownField], subjects, link.own);
  }

  async #created(
    nested: NestedRelation,
    subjects: readonly TouchedRow[],
    pairs: readonly TouchedRow[],
  ): Promise<readonly TouchedRow[]> {
    const { target, link } = nested;
    // Only the transaction that wrote them tells rows that are related to nobody any more: all rows are looked at.
    if (this.#past.unlinking.has(nested)) return this.#newWith(target, [], [[]]);
    if (link.between === undefined) return this.#new(target, link.other, subjects, link.own);
    return this.#new(target, link.other, pairs, [link.between.otherField]);
  }

  /** Rows of `model` that this call created, and that have in `fields` what `others` have in `ofOthers`. */
  async #new(
    model: Model,
    fields: readonly string[],
    others: readonly TouchedRow[],
    ofOthers: readonly string[],
  ): Promise<readonly TouchedRow[]> {
    const keys = others.flatMap((other) => {
      const texts = other.after === undefined ? undefined : keyTexts(other.model, ofOthers, other.after);
      return texts === undefined ? [] : [texts];
    });
    return this.#newWith(model, fields, keys);
  }

  async #newWith(
    model: Model,
    fields: readonly string[],
    keys: readonly LookupKey[],
  ): Promise<readonly TouchedRow[]> {
    const found = await this.#loader.find({ model, fields, keys, ownOnly: true });
    return found.flatMap((row) => {
      const known = this.#past.rows.withAfter(model, row);
      if (known !== undefined) return known.before === undefined ? [known] : [];
      if (this.#past.writtenBefore.has(writtenRowId(model, identityOf(model, row)))) return [];
      return [this.#past.rows.created(model, row)];
    });
  }

  async #settle(row: TouchedRow): Promise<void> {
    const now = await this.#again.find(row);
    const known = now === undefined ? row : this.#past.rows.withAfter(row.model, now);
    if (now !== undefined && (known === undefined || known === row)) this.#past.rows.settle(row, now);
  }
}
