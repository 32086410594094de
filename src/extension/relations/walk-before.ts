import type { Model } from "../../models/model.js";
import { identityOf } from "../../models/row-key.js";
import type { LookupKey } from "../../outbox/lookup-rows.js";
import type { RowLoader } from "../rows/row-loader.js";
import { withoutFields } from "../rows/unreadable-values.js";
import { changedFields } from "../rows/written-fields.js";
import { keysOfAll, RelatedRowFinder, type ResolveKey } from "./find-related.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";
import type { Pin } from "./pin-to-locked-rows.js";
import {
  type AbsentRow,
  absentRows,
  type FoundBefore,
  type TouchedRow,
  type TouchedRows,
  writtenRowId,
} from "./touched-rows.js";
import { mayReachNew, UnlinkedCreations, type WriteSite } from "./unlinked-creations.js";

/**
 * Reads and locks the rows that nested writes may touch, from the call's own row down: those that a write names, and
 * all related rows where it names none.
 */
export class BeforeWalk implements FoundBefore {
  readonly rows: TouchedRows;
  readonly reached = new Map<NestedItem, readonly TouchedRow[]>();
  readonly writtenBefore = new Set<string>();
  readonly missing = new Set<Model>();
  readonly absent: AbsentRow[] = [];
  unlinking: ReadonlySet<NestedRelation> = new Set();
  readonly #unlinked = new UnlinkedCreations();
  readonly #loader: RowLoader;
  readonly #finder: RelatedRowFinder;

  readonly #mayWriteOthers: boolean;

  /**
   * @param pins the writes that are restricted to the rows that are found and locked.
   * @param mayWriteOthers whether the call may write rows that it does not name, which are not new ones.
   */
  constructor(
    loader: RowLoader,
    rows: TouchedRows,
    pins: ReadonlyMap<NestedItem, Pin>,
    ask: ResolveKey,
    mayWriteOthers: boolean,
  ) {
    this.#loader = loader;
    this.#mayWriteOthers = mayWriteOthers;
    this.#finder = new RelatedRowFinder(loader, rows, pins, ask);
    this.rows = rows;
  }

  /**
   * @param subjects the existing rows that the node's data is written to.
   * @param isReached whether the data is written in any case.
   * @param isOpen whether the data may be written to rows that the call creates.
   */
  async visit(
    { relations }: NestedNode,
    subjects: readonly TouchedRow[],
    isReached: boolean,
    isOpen = false,
  ): Promise<void> {
    await this.#loader.all(
      relations.map((nested) => () => this.#relation({ nested, subjects, isOpen }, isReached)),
    );
  }

  /**
   * Finds the relations whose created rows may be unlinked. To be called once it is known which rows may be deleted.
   *
   * @param top the call's own row, with its nested writes.
   * @param written the fields of it that the call writes.
   */
  async noteUnlinkedCreations(
    top: TouchedRow,
    node: NestedNode | undefined,
    written: readonly string[],
  ): Promise<void> {
    this.unlinking = this.#unlinked.all(top, node, written);
    const targets = new Set(Array.from(this.unlinking, ({ target }) => target));
    await this.#loader.all(
      Array.from(targets, (target) => () => this.#noteThere(target, [], [[]], !this.#mayWriteOthers)),
    );
  }

  async #relation(site: WriteSite, isReached: boolean): Promise<void> {
    const { nested, subjects } = site;
    const { link, creates, target } = nested;
    const flows = [() => this.#items(site, isReached)];
    if (link.between !== undefined)
      flows.push(() => this.#finder.pairs(nested, subjects).then(() => undefined));
    if (creates !== undefined) {
      flows.push(() => this.visit(creates, [], isReached && createsInAnyCase(nested)));
      if (link.holder === "other")
        flows.push(() =>
          this.#noteThere(target, link.other, keysOfAll(subjects, link.own), !this.#mayWriteOthers),
        );
      this.#unlinked.noteCreation(site);
    }
    await this.#loader.all(flows);
    if (link.holder === "this") this.#notice(subjects, link.own);
  }

  /**
   * The rows that are connected come first: they are related when other items of the relation write to all related
   * rows.
   */
  async #items(site: WriteSite, isReached: boolean): Promise<void> {
    const { items } = site.nested;
    const connecting = items.filter(isConnecting);
    const others = items.filter((item) => !isConnecting(item));
    await this.#loader.all(connecting.map((item) => () => this.#item(site, item, isReached)));
    await this.#loader.all(others.map((item) => () => this.#item(site, item, isReached)));
  }

  async #item(site: WriteSite, item: NestedItem, isReached: boolean): Promise<void> {
    const { nested, subjects } = site;
    const { target, link, owner } = nested;
    const lock = item.effect === "delete" ? "update" : "no key update";
    const { rows: found, match } =
      item.where === undefined
        ? { rows: await this.#finder.related(nested, item, subjects, lock), match: undefined }
        : await this.#finder.named(target, item.where, lock);
    const connected = item.where === undefined && item.effect !== "link" ? this.#connected(nested) : [];
    const reached = Array.from(new Set([...found, ...connected]));
    const mayBeFound = item.where !== undefined || item.effect === "update";
    const absent = reached.length === 0 ? absentRows(nested, item, match, isReached) : [];
    this.absent.push(...absent);
    const canTakeForNew = reached.length === 0 && nested.creates !== undefined && mayBeFound;
    if (canTakeForNew || absent.length > 0) this.missing.add(target);
    this.reached.set(item, reached);
    this.#unlinked.noteWrite({ ...site, item, reached });
    for (const row of reached) {
      this.#notice([row], writtenTo(row, nested, item));
      if (item.effect === "delete") row.mayBeDeleted = true;
    }
    if (item.effect === "link" && item.where !== undefined && link.holder === "this" && link.isExclusive) {
      this.#notice(
        await this.#finder.holders(owner, link.own, link.other, reached, "no key update"),
        link.own,
      );
    }
    const { node } = item;
    // An upsert creates another row where the one with its key is not related.
    const goesOn = isReached && reached.length > 0 && item.operation !== "upsert";
    const isOpen = site.isOpen || mayReachNew({ item, reached });
    if (node !== undefined) await this.#loader.all([() => this.visit(node, reached, goesOn, isOpen)]);
  }

  #connected({ items }: NestedRelation): readonly TouchedRow[] {
    return items.filter(isConnecting).flatMap((item) => this.reached.get(item) ?? []);
  }

  #notice(rows: readonly TouchedRow[], written: readonly string[]): void {
    for (const row of rows) for (const field of written) row.written.add(field);
  }

  /** Notes the rows that this transaction has written already, which are not to be taken for created ones. */
  async #noteThere(
    model: Model,
    fields: readonly string[],
    keys: readonly LookupKey[],
    ownOnly: boolean,
  ): Promise<void> {
    const found = await this.#loader.find({ model: withKeysOnly(model, fields), fields, keys, ownOnly });
    for (const row of found) this.writtenBefore.add(writtenRowId(model, identityOf(model, row)));
  }
}

const ofKeys = new WeakMap<Model, Map<string, Model>>();

/** A model with a few of its fields: there may be many rows to read. */
function withKeysOnly(model: Model, fields: readonly string[]): Model {
  const known = ofKeys.get(model) ?? new Map<string, Model>();
  ofKeys.set(model, known);
  const wanted = new Set([...(model.identity?.fields ?? []), ...fields]);
  const others = new Set(Array.from(model.scalars.keys()).filter((name) => !wanted.has(name)));
  const made = known.get(fields.join()) ?? withoutFields(model, others);
  known.set(fields.join(), made);
  return made;
}

/** Whether rows are created whichever exist. */
function createsInAnyCase({ given }: NestedRelation): boolean {
  return given["connectOrCreate"] === undefined && given["upsert"] === undefined;
}

function isConnecting({ where, effect }: NestedItem): boolean {
  return effect === "link" && where !== undefined;
}

/** The fields of a row to which a nested write may give other values, by its data. */
function writtenTo(
  { model, before }: TouchedRow,
  { link }: NestedRelation,
  { effect, data }: NestedItem,
): readonly string[] {
  if (effect === "link") return link.holder === "other" ? link.other : [];
  return changedFields(model, before ?? {}, data);
}
