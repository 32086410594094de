import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { isGiven } from "../prisma/internals.js";
import { noRow } from "../rows/no-row.js";
import { writtenFields } from "../rows/written-fields.js";
import { type NestedItem, type NestedNode, type NestedRelation, relationsIn } from "./nested-writes.js";

/** Restricts a nested write to rows that are named once they are locked. */
export interface Pin {
  /** Whether Prisma sent the restriction. */
  readonly isUsed: boolean;
  /** Lifts the restriction: the write goes to all related rows. */
  release?(): void;
  /** Restores the argument of the caller where the row to relate to is missing, so that Prisma's error shows it. */
  leave?(): void;
  /** @param reached the locked rows of each item. */
  fill(reached: (item: NestedItem) => readonly Row[]): void;
}

/** The data of a call with its pins in it. */
export interface PinnedData {
  readonly data: unknown;
  readonly pins: ReadonlyMap<NestedItem, Pin>;
}

/**
 * Restricts `set`, `updateMany` and `deleteMany` to the rows that are locked, where that does not change their
 * meaning. A row that becomes related between the lock and the write would else be written unseen. The alternative, a
 * lock that blocks inserts of such rows, is a deadlock for two transactions that have each inserted one.
 */
export function pinToLockedRows(model: Model, node: NestedNode | undefined, data: unknown): PinnedData {
  if (node === undefined) return { data, pins: NO_PINS };
  const all = Array.from(relationsIn(node));
  const written = writtenFields(model, data);
  const pins = new Map<NestedItem, Pin>();
  const replaced = new Map<unknown, unknown>();
  for (const nested of all) {
    // Prisma looks for the related rows by the key that the row gets.
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
  if (pins.size === 0) return { data, pins };
  const sites: unknown[] = [];
  const pinned = withReplaced(data, replaced, sites);
  // The same object twice in the data means different rows each time.
  return sites.length === replaced.size ? { data: pinned, pins } : { data, pins: NO_PINS };
}

const NO_PINS: PinnedData["pins"] = new Map();

/** Whether the `where` has no further conditions, by which Prisma would leave the row alone. */
function isNamedByKey({ where }: NestedItem): boolean {
  return Object.values(where ?? {}).filter(isGiven).length === 1;
}

function meansAll({ where, effect }: NestedItem): boolean {
  return where === undefined && effect !== "link";
}

/** Whether nothing else in the call can add rows to the relation, or change their keys. */
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

/** Prisma refuses `set` where the reference cannot be null. */
function canUnlink({ link, target }: NestedRelation): boolean {
  return (
    link.holder === "between" || link.other.every((field) => target.scalars.get(field)?.isOptional === true)
  );
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
      // Prisma refuses a missing row in a many-to-many relation, and ignores it in a one-to-many one.
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

/** The types whose values are known in the form of Prisma's own requests. */
const WRITTEN_OUT = new Set(["Int", "BigInt", "String"]);

function writtenOut(value: unknown): unknown {
  if (typeof value === "bigint") return { $type: "BigInt", value: String(value) };
  if (ArrayBuffer.isView(value))
    return { $type: "Bytes", value: Buffer.from(value as Uint8Array).toString("base64") };
  if (Array.isArray(value)) return value.map(writtenOut);
  // Prisma reads the JSON of a Date, and of other objects with `toJSON`, by itself.
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

/** An argument whose value becomes known after Prisma has checked the call, just before it is sent. */
interface DeferredArgument {
  /** Stands for the value in the arguments. */
  readonly argument: object;
  /** Whether Prisma has read the value; else it sent another one. */
  readonly isUsed: boolean;
  /** @param values as Prisma's own requests have them. */
  fill(values: Readonly<Record<string, unknown>>): void;
}

/**
 * Prisma puts the result of `toJSON` into its request as it is, and reads the request once its turn has come: until
 * then the object can be filled.
 */
function deferredArgument(): DeferredArgument {
  const container = {};
  let isUsed = false;
  return {
    argument: { toJSON: () => container },
    get isUsed() {
      return isUsed;
    },
    fill(values) {
      isUsed = false;
      for (const [name, value] of Object.entries(values)) {
        const get = () => {
          isUsed = true;
          return value;
        };
        Object.defineProperty(container, name, { enumerable: true, configurable: true, get });
      }
    },
  };
}
