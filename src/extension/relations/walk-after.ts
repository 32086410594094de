import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { identityOf, keyTexts } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";
import type { Catalog } from "../catalog/catalog.js";
import { BY_TUPLE_ID, type RowLoader } from "../rows/row-loader.js";
import type { NestedNode, NestedRelation } from "./nested-writes.js";
import { type FoundBefore, type TouchedRow, writtenRowId } from "./touched-rows.js";

/** Reads again what a call with nested writes may have touched, and finds the rows that it created. */
export class AfterWalk {
  readonly #loader: RowLoader;
  readonly #found: FoundBefore;
  readonly #again: ReadAgain;
  /** The relations of each row through which the call wrote. */
  readonly written = new Map<TouchedRow, Set<NestedRelation>>();

  constructor(loader: RowLoader, found: FoundBefore, catalog: Catalog) {
    this.#loader = loader;
    this.#found = found;
    this.#again = new ReadAgain(loader, catalog);
  }

  /**
   * @param own the call's own rows, which its answer holds already, unless a referential action may have changed them
   * since.
   */
  async readAgain(own: ReadonlySet<TouchedRow>): Promise<void> {
    const isOpen = (row: TouchedRow) => row.before !== undefined && (row.mayBeActedOn || !own.has(row));
    const rows = this.#found.rows.all().filter(isOpen);
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
      const reached = items[at] === undefined ? [] : (this.#found.reached.get(items[at]) ?? []);
      // The call may find again, by its key, a row that it has created itself.
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
    // No reference leads to rows that are unlinked: they are found by the transaction that wrote them, among all rows.
    if (this.#found.unlinking.has(nested)) return this.#newWith(target, [], [[]]);
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
      const known = this.#found.rows.withAfter(model, row);
      if (known !== undefined) return known.before === undefined ? [known] : [];
      if (this.#found.writtenBefore.has(writtenRowId(model, identityOf(model, row)))) return [];
      return [this.#found.rows.created(model, row)];
    });
  }

  async #settle(row: TouchedRow): Promise<void> {
    const now = await this.#again.find(row);
    const known = now === undefined ? row : this.#found.rows.withAfter(row.model, now);
    if (now !== undefined && (known === undefined || known === row)) this.#found.rows.settle(row, now);
  }
}

/**
 * Finds rows after a call that were there before it. A row whose key may have changed is looked for by its tuple id,
 * from which PostgreSQL follows it: arithmetic, rounding and triggers make another key than the call says, and
 * another row may have the old key by now.
 */
class ReadAgain {
  readonly #loader: RowLoader;
  readonly #catalog: Catalog;

  constructor(loader: RowLoader, catalog: Catalog) {
    this.#loader = loader;
    this.#catalog = catalog;
  }

  /** Undefined for a row that was deleted. Only inside of {@link RowLoader.all}. */
  async find(row: TouchedRow): Promise<Row | undefined> {
    const { model, before } = row;
    const table = this.#catalog.table(model);
    const tupleId = before === undefined ? undefined : storedOf(before)?.tupleId;
    const isWritten = writesKey(row);
    if (tupleId !== undefined && (isWritten || table?.hasTriggers !== false)) {
      const [now] = await this.#loader.find({ model, fields: BY_TUPLE_ID, keys: [tupleId] });
      if (now !== undefined || table?.kind === "table") return now;
    }
    const now =
      isWritten && tupleId !== undefined ? undefined : await this.#byKey(model, row.after ?? before);
    // The row of a view has no tuple id, and one that went to another partition cannot be followed by it.
    if (now === undefined && isWritten && !row.mayBeDeleted && table?.kind !== "table") throw lost(model);
    return now;
  }

  async #byKey(model: Model, row: Row | undefined): Promise<Row | undefined> {
    const fields = model.identity?.fields ?? [];
    const texts = row === undefined ? undefined : keyTexts(model, fields, row);
    if (texts === undefined) return undefined;
    const found = await this.#loader.find({ model, fields, keys: [texts] });
    if (found.length < 2) return found[0];
    // A snapshot still shows a row that had the key before, though another transaction has deleted it since.
    return (await this.#loader.find({ model, fields, keys: [texts], ownOnly: true }))[0];
  }
}

function writesKey({ model, written }: TouchedRow): boolean {
  return model.identity?.fields.some((field) => written.has(field)) === true;
}

function lost(model: Model): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `A call changed the key of a row of ${model.name} that cannot be found again: the row has moved to another partition, or ` +
      "the model is on a view. The transaction was aborted. Change such keys with an update of the row itself, or run the " +
      "call in prisma.$withoutEvents(() => …).",
    { path: model.name },
  );
}
