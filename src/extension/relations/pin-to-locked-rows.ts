import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { isSkipped } from "../prisma/internals.js";
import { noRow } from "../rows/no-row.js";
import { writtenFields } from "../rows/written-fields.js";
import { type DeferredArgument, deferredArgument } from "./deferred-argument.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";
import { relationsIn } from "./relevant-writes.js";

/** A write to whatever is related that will keep to rows named later. */
export interface Pin {
  /** Whether Prisma took what was said last. */
  readonly isUsed: boolean;
  /** Lets it write whatever is related after all. */
  release?(): void;
  /** Says that there is no row whose relations could be written: Prisma's error names what was wanted of it. */
  leave?(): void;
  /** @param reached the rows that each item was found to reach. */
  fill(reached: (item: NestedItem) => readonly Row[]): void;
}

/** Data in which writes to whatever is related will keep to rows that are named when they are locked. */
export interface PinnedData {
  readonly data: unknown;
  readonly pins: ReadonlyMap<NestedItem, Pin>;
}

/**
 * Has `set`, `updateMany` and `deleteMany` keep to the rows that are locked, where that is what they mean: a row that
 * comes to be related between the lock and the write would be written unseen, and only a lock that inserts of such
 * rows wait for could keep it away. Two transactions that have each inserted one would wait for each other.
 */
export function pinToLockedRows(model: Model, node: NestedNode | undefined, data: unknown): PinnedData {
  const all = Array.from(relationsIn(node));
  const written = writtenFields(model, data);
  const pins = new Map<NestedItem, Pin>();
  const replaced = new Map<unknown, unknown>();
  for (const nested of all) {
    // Prisma looks for whom it relates by the key that the row gets.
    if (nested.link.own.some((field) => written.includes(field))) continue;
    if (!canPin(nested, model, all)) continue;
    const [closing, ...named] = nested.items;
    if (closing?.operation === "set") {
      if (!named.every(isNamedByKey)) continue;
      const deferred = deferredArgument();
      replaced.set(nested.given, deferred.argument);
      pins.set(closing, pinSet(deferred, nested, closing, named));
      continue;
    }
    for (const item of nested.items.filter(meansAll)) {
      const deferred = deferredArgument();
      replaced.set(item.argument, withCondition(item, deferred.argument));
      pins.set(item, pinMany(deferred, nested, item));
    }
  }
  if (pins.size === 0) return { data, pins: pins };
  const sites: unknown[] = [];
  const pinned = withReplaced(data, replaced, sites);
  // One object in two places means different rows.
  return sites.length === replaced.size ? { data: pinned, pins: pins } : { data, pins: new Map() };
}

/** Rows that do not meet further conditions Prisma leaves alone. */
function isNamedByKey({ where }: NestedItem): boolean {
  return Object.values(where ?? {}).filter(isGiven).length === 1;
}

function meansAll({ where, effect }: NestedItem): boolean {
  return where === undefined && effect !== "link";
}

/** Nothing else in the call may bring rows into the relation, or give them another key. */
function canPin(nested: NestedRelation, top: Model, all: readonly NestedRelation[]): boolean {
  const { target, relation, creates, items } = nested;
  const key = target.identity?.fields ?? [];
  const isAlone = all.every(
    (other) => other === nested || (other.target !== target && other.owner !== target),
  );
  if (!relation.isList || creates !== undefined || target === top || !isAlone) return false;
  if (!key.every((field) => WRITTEN_OUT.has(target.scalars.get(field)?.type ?? ""))) return false;
  const foreign = Array.from(target.relations.values()).flatMap(({ fields }) => fields);
  if (
    key.some(
      (field) =>
        foreign.includes(field) ||
        items.some(({ data }) => Object.hasOwn(data, field) && data[field] !== undefined),
    )
  )
    return false;
  const operations = Object.keys(nested.given).filter((name) => isGiven(nested.given[name]));
  return operations.includes("set") ? operations.length === 1 && canUnlink(nested) : items.some(meansAll);
}

/** Prisma refuses `set` where rows would lose a reference that they need. */
function canUnlink({ link, target }: NestedRelation): boolean {
  return (
    link.holder === "between" || link.other.every((field) => target.scalars.get(field)?.isOptional === true)
  );
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !isSkipped(value);
}

function withCondition({ operation, argument }: NestedItem, condition: unknown): object {
  if (operation === "deleteMany") return { AND: [argument, condition] };
  const { where, ...others } = argument as { readonly where?: unknown };
  return { ...others, where: { AND: [isGiven(where) ? where : {}, condition] } };
}

/** A condition that every row meets. */
function all(model: Model): Readonly<Record<string, unknown>> {
  return { NOT: noRow(model, model.identity?.fields ?? []) };
}

function pinMany(deferred: DeferredArgument, { target }: NestedRelation, item: NestedItem): Pin {
  let isReleased = false;
  return {
    release() {
      isReleased = true;
    },
    get isUsed() {
      return deferred.isUsed;
    },
    fill: (reached) => deferred.fill(isReleased ? all(target) : { OR: conditions(target, reached(item)) }),
  };
}

function pinSet(
  deferred: DeferredArgument,
  { target, link }: NestedRelation,
  related: NestedItem,
  named: readonly NestedItem[],
): Pin {
  const leave = () => deferred.fill({ set: named.map(({ where }) => writtenOut(where)) });
  return {
    get isUsed() {
      return deferred.isUsed;
    },
    fill(reached) {
      // In a relation of many to many Prisma refuses a row that is not there; in one to many it leaves it alone.
      if (link.holder === "between" && named.some((item) => reached(item).length === 0)) return leave();
      const now = new Set(reached(related));
      const wanted = new Set(named.flatMap((item) => reached(item)));
      const without = (some: ReadonlySet<Row>, others: ReadonlySet<Row>) =>
        Array.from(some).flatMap((row) => (others.has(row) ? [] : [uniqueWhere(target, row)]));
      deferred.fill({ disconnect: without(now, wanted), connect: without(wanted, now) });
    },
    leave,
  };
}

/** Types whose values can be written down as Prisma's own requests have them. */
const WRITTEN_OUT = new Set(["Int", "BigInt", "String"]);

function writtenOut(value: unknown): unknown {
  if (typeof value === "bigint") return { $type: "BigInt", value: String(value) };
  if (ArrayBuffer.isView(value))
    return { $type: "Bytes", value: Buffer.from(value as Uint8Array).toString("base64") };
  if (Array.isArray(value)) return value.map(writtenOut);
  // What has a form of its own as JSON, such as a Date, Prisma understands.
  if (typeof value !== "object" || value === null || "toJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, writtenOut(one)]));
}

function conditions(model: Model, rows: readonly Row[]): readonly object[] {
  const fields = model.identity?.fields ?? [];
  const [only = ""] = fields;
  if (rows.length === 0) return [noRow(model, fields)];
  if (fields.length === 1) return [{ [only]: { in: rows.map((row) => writtenOut(row[only])) } }];
  return rows.map((row) => keyCondition(fields, row));
}

function uniqueWhere({ identity }: Model, row: Row): object {
  const fields = identity?.fields ?? [];
  const key = keyCondition(fields, row);
  return fields.length === 1 ? key : { [identity?.name ?? ""]: key };
}

function keyCondition(fields: readonly string[], row: Row): object {
  return Object.fromEntries(fields.map((field) => [field, writtenOut(row[field])]));
}

function withReplaced(value: unknown, replaced: ReadonlyMap<unknown, unknown>, sites: unknown[]): unknown {
  if (replaced.has(value)) {
    sites.push(value);
    return replaced.get(value);
  }
  if (Array.isArray(value)) return value.map((one) => withReplaced(one, replaced, sites));
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, withReplaced(one, replaced, sites)]),
  );
}
