import type { Model } from "../../models/model.js";
import { writtenFields } from "../rows/written-fields.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";
import type { TouchedRow } from "./touched-rows.js";

/** Where in the data of a call rows are written. */
export interface WriteSite {
  readonly nested: NestedRelation;
  /** The existing rows to which the relation belongs. */
  readonly subjects: readonly TouchedRow[];
  /** Whether it may also belong to rows that the call creates elsewhere. */
  readonly isOpen: boolean;
}

interface ItemWrite extends WriteSite {
  readonly item: NestedItem;
  readonly reached: readonly TouchedRow[];
}

/**
 * Finds the relations that create rows which other writes of the call may unlink, or link to another row: after the
 * call no reference leads to these rows. Too many relations cost time; with too few, rows would be missed.
 */
export class UnlinkedCreations {
  readonly #creations: WriteSite[] = [];
  readonly #writes: ItemWrite[] = [];

  noteCreation(site: WriteSite): void {
    this.#creations.push(site);
  }

  noteWrite(write: ItemWrite): void {
    this.#writes.push(write);
  }

  /**
   * @param top the call's own row, with its nested writes.
   * @param written the fields of it that the call writes.
   */
  all(
    top: TouchedRow,
    node: NestedNode | undefined,
    written: readonly string[],
  ): ReadonlySet<NestedRelation> {
    const mayBeUnlinked = (site: WriteSite): boolean =>
      site.nested.mayUnlinkCreated ||
      isRelatedByNull(site) ||
      site.subjects.some((subject) => subject.mayBeDeleted) ||
      (site.subjects.includes(top) && isOverwritten(site, node, written)) ||
      this.#writes.some((write) => mayUnlink(write, site));
    return new Set(this.#creations.filter(mayBeUnlinked).map(({ nested }) => nested));
  }
}

/**
 * Whether the reference to or from the created rows may be null: a relation can refer to a unique key without a
 * value.
 */
function isRelatedByNull({ nested, subjects }: WriteSite): boolean {
  const { link, target, owner, given } = nested;
  const isOptional = (model: Model, field: string) => model.scalars.get(field)?.isOptional === true;
  if (link.holder === "this") {
    const created = [given["create"], given["connectOrCreate"], given["upsert"]].flat().map(createdBy);
    return link.other.some(
      (field) => isOptional(target, field) && created.some((data) => hasNo(data, field)),
    );
  }
  if (link.holder === "between") return false;
  const isNull = (field: string) =>
    subjects.length === 0 || subjects.some(({ before }) => hasNo(before, field));
  return link.own.some((field) => isOptional(owner, field) && isNull(field));
}

function createdBy(argument: unknown): unknown {
  const { create } = (argument ?? {}) as { readonly create?: unknown };
  return create ?? argument;
}

function hasNo(values: unknown, field: string): boolean {
  if (typeof values !== "object" || values === null) return false;
  const value: unknown = Object.hasOwn(values, field) ? (values as Values)[field] : undefined;
  return value === undefined || value === null;
}

type Values = Readonly<Record<string, unknown>>;

/** Whether a write may remove the link between created rows and the rows for which they were created. */
function mayUnlink(write: ItemWrite, creation: WriteSite): boolean {
  switch (creation.nested.link.holder) {
    case "this":
      return mayUnlinkReference(write, creation);
    case "other":
      return mayUnlinkReferring(write, creation);
    case "between":
      return mayUnlinkPair(write, creation);
  }
}

/** For created rows that other rows refer to. */
function mayUnlinkReference(write: ItemWrite, creation: WriteSite): boolean {
  const { item, nested, isOpen } = write;
  const { link, owner } = creation.nested;
  if (nested.target !== owner) return false;
  const isMet = meet(write.reached, creation.subjects) || mayReachNew(write);
  if (item.effect === "update")
    return isMet && isOverwritten(creation, item.node, writtenFields(owner, item.data));
  return isMet || isOpen ? unlinks(write, owner, link.own) : false;
}

/** For created rows that refer to other rows. */
function mayUnlinkReferring(write: ItemWrite, creation: WriteSite): boolean {
  const { item, nested } = write;
  const { link, target } = creation.nested;
  if (nested.target !== target) return false;
  if (item.effect === "update")
    return mayReachNew(write) && shares(writtenFields(target, item.data), link.other);
  if (nested === creation.nested || !unlinks(write, target, link.other)) return false;
  return item.where === undefined ? meetAt(write, creation) : mayReachNew(write);
}

/** For rows that are related by a table between them. */
function mayUnlinkPair(write: ItemWrite, creation: WriteSite): boolean {
  const { between } = creation.nested.link;
  const other = write.nested.link.between;
  if (between === undefined || other?.model !== between.model || write.nested === creation.nested)
    return false;
  if (write.item.effect !== "link" || write.item.operation.startsWith("connect")) return false;
  return other.ownField === between.ownField ? meetAt(write, creation) : write.isOpen;
}

/** Whether the write sets or clears references in `fields` of `model`. */
function unlinks(
  { item, nested: { link, target } }: ItemWrite,
  model: Model,
  fields: readonly string[],
): boolean {
  return item.effect === "link" && link.holder === "other" && target === model && shares(link.other, fields);
}

/** Whether data that is not that of the creation writes the reference. */
function isOverwritten(
  { nested }: WriteSite,
  node: NestedNode | undefined,
  written: readonly string[],
): boolean {
  return (
    nested.link.holder === "this" &&
    node?.relations.includes(nested) !== true &&
    shares(written, nested.link.own)
  );
}

/** Whether it may write rows that the call creates: it names them, or they are related by then. */
export function mayReachNew({ item, reached }: Pick<ItemWrite, "item" | "reached">): boolean {
  return item.where === undefined ? item.effect === "update" : reached.length === 0;
}

/** Whether two writes may belong to the same row. */
function meetAt(write: ItemWrite, creation: WriteSite): boolean {
  return write.isOpen || creation.isOpen || meet(write.subjects, creation.subjects);
}

function meet(some: readonly TouchedRow[], others: readonly TouchedRow[]): boolean {
  return some.some((row) => others.includes(row));
}

function shares(some: readonly string[], others: readonly string[]): boolean {
  return some.some((field) => others.includes(field));
}
