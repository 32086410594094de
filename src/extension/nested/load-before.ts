import type { LockStrength } from "../../outbox/lock-row.js";
import { strengthFor } from "../rows/look-up.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { Model } from "../schema/model.js";
import { findUniqueMatch, keyTexts } from "../unique-match.js";
import { followLink, movesByData } from "./moves.js";
import { identityOf, type TouchedRow, type TouchedRows } from "./touched-rows.js";
import type { NestedItem, NestedNode, NestedRelation } from "./tree.js";

/** What is known before a call with nested writes. */
export interface NestedPast {
  readonly rows: TouchedRows;
  /** The rows that each write was found to reach. */
  readonly reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>;
  /** Rows that the transaction had written before this call. */
  readonly ownBefore: ReadonlySet<string>;
}

/** A row in {@link NestedPast.ownBefore}. */
export function ownKey(model: Model, identity: string): string {
  return `${model.name} ${identity}`;
}

/**
 * Reads and locks what the nested writes may touch, from the parents down: the rows that they name, and those that
 * are related where they write to whatever is related.
 */
export class BeforeWalk implements NestedPast {
  readonly rows: TouchedRows;
  readonly reached = new Map<NestedItem, readonly TouchedRow[]>();
  readonly ownBefore = new Set<string>();
  readonly #loader: RowLoader;

  constructor(loader: RowLoader, rows: TouchedRows) {
    this.#loader = loader;
    this.rows = rows;
  }

  /** @param subjects the rows that the node's data is written to, as far as they are there already. */
  async visit(node: NestedNode, subjects: readonly TouchedRow[]): Promise<void> {
    await this.#loader.all(node.relations.map((relation) => () => this.#relation(relation, subjects)));
  }

  async #relation(nested: NestedRelation, subjects: readonly TouchedRow[]): Promise<void> {
    const { link, items, creates, target } = nested;
    const flows = items.map((item) => () => this.#item(nested, item, subjects));
    if (link.between !== undefined) flows.push(() => this.#pairs(nested, subjects).then(() => undefined));
    if (creates !== undefined) {
      flows.push(() => this.visit(creates, []));
      if (link.holder === "other") flows.push(() => this.#noteOwn(nested, subjects));
    }
    await this.#loader.all(flows);
    if (link.holder === "this") this.#notice(subjects, link.own);
    void target;
  }

  async #item(nested: NestedRelation, item: NestedItem, subjects: readonly TouchedRow[]): Promise<void> {
    const { target, link, owner } = nested;
    const written = writtenBy(nested, item);
    const lock = strengthFor(target, item.effect === "delete", written);
    const reached =
      item.where === undefined
        ? await this.#related(nested, subjects, lock)
        : await this.#named(target, item.where, lock);
    this.reached.set(item, reached);
    this.#notice(reached, written);
    for (const row of reached) {
      if (item.effect === "delete") row.mayGo = true;
      movesByData(row, item, this.reached);
      if (item.effect === "link") followLink(row, link, subjects);
    }
    if (item.effect === "link" && item.where !== undefined && link.holder === "this" && link.isExclusive) {
      this.#notice(
        await this.#holders(owner, link.own, link.other, reached, strengthFor(owner, false, link.own)),
        link.own,
      );
    }
    const { node } = item;
    if (node !== undefined) await this.#loader.all([() => this.visit(node, reached)]);
  }

  #notice(rows: readonly TouchedRow[], written: readonly string[]): void {
    for (const row of rows) for (const field of written) row.written.add(field);
  }

  async #named(model: Model, where: unknown, lock: LockStrength): Promise<readonly TouchedRow[]> {
    const match = findUniqueMatch(model, where);
    if (match === undefined) return [];
    const found = await this.#loader.find({ model, fields: match.key.fields, keys: [match.texts], lock });
    return found.map((row) => this.rows.found(model, row));
  }

  async #related(
    nested: NestedRelation,
    subjects: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const { target, link } = nested;
    if (link.between === undefined) return this.#holders(target, link.other, link.own, subjects, lock);
    const pairs = await this.#pairs(nested, subjects);
    return this.#holders(target, link.other, [link.between.otherField], pairs, lock);
  }

  #pairs({ link }: NestedRelation, subjects: readonly TouchedRow[]): Promise<readonly TouchedRow[]> {
    if (link.between === undefined) return Promise.resolve([]);
    const { model, ownField } = link.between;
    return this.#holders(model, [ownField], link.own, subjects, "no key update");
  }

  /** Rows of `model` of which `fields` have the values that `others` have in `ofOthers`. */
  async #holders(
    model: Model,
    fields: readonly string[],
    ofOthers: readonly string[],
    others: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const keys = others.flatMap((other) => keysOf(other, ofOthers));
    const found = await this.#loader.find({ model, fields, keys, lock });
    return found.map((row) => this.rows.found(model, row));
  }

  /** What this transaction has written already is not to be taken for what the call creates. */
  async #noteOwn({ target, link }: NestedRelation, subjects: readonly TouchedRow[]): Promise<void> {
    const keys = subjects.flatMap((subject) => keysOf(subject, link.own));
    const found = await this.#loader.find({ model: target, fields: link.other, keys, ownOnly: true });
    for (const row of found) this.ownBefore.add(ownKey(target, identityOf(target, row)));
  }
}

function keysOf({ model, before }: TouchedRow, fields: readonly string[]): readonly (readonly string[])[] {
  const texts = before === undefined ? undefined : keyTexts(model, fields, before);
  return texts === undefined ? [] : [texts];
}

/** The fields that a nested write sets, as far as its data says. */
function writtenBy({ link, target }: NestedRelation, { effect, data }: NestedItem): readonly string[] {
  if (effect === "link") return link.holder === "other" ? link.other : [];
  return Object.keys(data).flatMap((name) => target.relations.get(name)?.fields ?? [name]);
}
