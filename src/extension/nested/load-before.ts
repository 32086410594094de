import type { LockStrength } from "../../outbox/lock-row.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";
import type { RowLoader } from "../rows/row-loader.js";
import type { Model } from "../schema/model.js";
import { findUniqueMatch, keyTexts } from "../unique-match.js";
import type { Kept } from "./keep-to.js";
import { followLink, movesByData } from "./moves.js";
import { identityOf, type TouchedRow, type TouchedRows } from "./touched-rows.js";
import type { NestedItem, NestedNode, NestedRelation } from "./tree.js";
import { changedFields } from "./written-fields.js";

/** What is known before a call with nested writes. */
export interface NestedPast {
  readonly rows: TouchedRows;
  /** The rows that each write was found to reach. */
  readonly reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>;
  /** Rows that the transaction had written before this call. */
  readonly ownBefore: ReadonlySet<string>;
  /** Models of which a row was not found that the call may find when another transaction creates it meanwhile. */
  readonly missing: ReadonlySet<Model>;
}

/** How many rows a write to whatever is related is told to keep to: each is a parameter of the statement. */
const MOST_NAMED = 10_000;

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
  readonly missing = new Set<Model>();
  readonly #loader: RowLoader;
  readonly #kept: ReadonlyMap<NestedItem, Kept>;

  /** @param kept items that will write no other rows than they are found to reach. */
  constructor(loader: RowLoader, rows: TouchedRows, kept: ReadonlyMap<NestedItem, Kept>) {
    this.#loader = loader;
    this.#kept = kept;
    this.rows = rows;
  }

  /** @param subjects the rows that the node's data is written to, as far as they are there already. */
  async visit(node: NestedNode, subjects: readonly TouchedRow[]): Promise<void> {
    await this.#loader.all(node.relations.map((relation) => () => this.#relation(relation, subjects)));
  }

  async #relation(nested: NestedRelation, subjects: readonly TouchedRow[]): Promise<void> {
    const { link, creates, target } = nested;
    const flows = [() => this.#items(nested, subjects)];
    if (link.between !== undefined) flows.push(() => this.#pairs(nested, subjects).then(() => undefined));
    if (creates !== undefined) {
      flows.push(() => this.visit(creates, []));
      if (link.holder === "other")
        flows.push(() => this.#noteOwn(target, link.other, keysOfAll(subjects, link.own)));
      if (nested.mayUnlinkCreated) flows.push(() => this.#noteOwn(target, [], [[]]));
    }
    await this.#loader.all(flows);
    if (link.holder === "this") this.#notice(subjects, link.own);
  }

  /** What is connected is among what the same relation writes to whatever is related: it comes first. */
  async #items(nested: NestedRelation, subjects: readonly TouchedRow[]): Promise<void> {
    const connecting = nested.items.filter(isConnecting);
    const others = nested.items.filter((item) => !isConnecting(item));
    await this.#loader.all(connecting.map((item) => () => this.#item(nested, item, subjects)));
    await this.#loader.all(others.map((item) => () => this.#item(nested, item, subjects)));
  }

  async #item(nested: NestedRelation, item: NestedItem, subjects: readonly TouchedRow[]): Promise<void> {
    const { target, link, owner } = nested;
    const lock = item.effect === "delete" ? "update" : "no key update";
    const found =
      item.where === undefined
        ? await this.#related(nested, item, subjects, lock)
        : await this.#named(target, item.where, lock);
    const connected = item.where === undefined && item.effect !== "link" ? this.#connected(nested) : [];
    const reached = Array.from(new Set([...found, ...connected]));
    const mayBeFound = item.where !== undefined || item.effect === "update";
    if (reached.length === 0 && nested.creates !== undefined && mayBeFound) this.missing.add(target);
    this.reached.set(item, reached);
    for (const row of reached) {
      this.#notice([row], writtenTo(row, nested, item));
      if (item.effect === "delete") row.mayGo = true;
      movesByData(row, item, this.reached);
      if (item.effect === "link") followLink(row, link, subjects);
    }
    if (item.effect === "link" && item.where !== undefined && link.holder === "this" && link.isExclusive) {
      this.#notice(await this.#holders(owner, link.own, link.other, reached, "no key update"), link.own);
    }
    const { node } = item;
    if (node !== undefined) await this.#loader.all([() => this.visit(node, reached)]);
  }

  #connected({ items }: NestedRelation): readonly TouchedRow[] {
    return items.filter(isConnecting).flatMap((item) => this.reached.get(item) ?? []);
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
    item: NestedItem,
    subjects: readonly TouchedRow[],
    lock: LockStrength,
  ): Promise<readonly TouchedRow[]> {
    const { link, relation } = nested;
    const kept = this.#kept.get(item);
    if (link.holder === "this" || kept !== undefined) {
      const named = await this.#relatedNow(nested, subjects, lock);
      if (kept?.release === undefined || named.length <= MOST_NAMED) return named;
      kept.release();
    }
    // Who joins between this and the write would be written unseen. Where there can be only one, nobody can join it.
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
    const keys = keysOfAll(others, ofOthers);
    const found = await this.#loader.find({ model, fields, keys, lock });
    return found.map((row) => this.rows.found(model, row));
  }

  /** What this transaction has written already is not to be taken for what the call creates. */
  async #noteOwn(model: Model, fields: readonly string[], keys: readonly LookupKey[]): Promise<void> {
    const found = await this.#loader.find({ model, fields, keys, ownOnly: true });
    for (const row of found) this.ownBefore.add(ownKey(model, identityOf(model, row)));
  }
}

function isConnecting({ where, effect }: NestedItem): boolean {
  return effect === "link" && where !== undefined;
}

function keysOfAll(rows: readonly TouchedRow[], fields: readonly string[]): readonly LookupKey[] {
  return rows.flatMap((row) => keysOf(row, fields));
}

function keysOf({ model, before }: TouchedRow, fields: readonly string[]): readonly LookupKey[] {
  const texts = before === undefined ? undefined : keyTexts(model, fields, before);
  return texts === undefined ? [] : [texts];
}

/** The fields of a row to which a nested write may give other values, as far as its data says. */
function writtenTo(
  { model, before }: TouchedRow,
  { link }: NestedRelation,
  { effect, data }: NestedItem,
): readonly string[] {
  if (effect === "link") return link.holder === "other" ? link.other : [];
  return changedFields(model, before ?? {}, data);
}
