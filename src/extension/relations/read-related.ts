import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import type { TableCounters } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { InternalParams, TransactionHandle } from "../prisma/internals.js";
import { lookUp } from "../rows/look-up.js";
import { RowLoader } from "../rows/row-loader.js";
import { resolveUniqueKey } from "../rows/unique-match.js";
import { changedFields } from "../rows/written-fields.js";
import { type PolicyCounters, policyCounters } from "./hidden-rows.js";
import { countersOfMissing } from "./missing-rows.js";
import { type NestedItem, type NestedNode, relationsIn } from "./nested-writes.js";
import type { Pin } from "./pin-to-locked-rows.js";
import { lockRowsOfActions } from "./referential-actions.js";
import { type FoundBefore, type TouchedRow, TouchedRows } from "./touched-rows.js";
import { BeforeWalk } from "./walk-before.js";

/** A call of one row with nested writes or referential actions. */
export interface CallWithEffects {
  readonly model: Model;
  /** The row before; undefined when there is none. */
  readonly row: Row | undefined;
  readonly isDeleted: boolean;
  /** The fields of the row that the call writes. */
  readonly written: readonly string[];
  readonly node: NestedNode | undefined;
  /** The nested writes that are restricted to the rows that are found and locked. */
  readonly pins: ReadonlyMap<NestedItem, Pin>;
}

/** What is known before such a call. */
export interface RelatedBefore {
  readonly call: CallWithEffects;
  /** The call's own row. */
  readonly top: TouchedRow;
  readonly found: FoundBefore;
  /** What PostgreSQL had counted of each model in {@link FoundBefore.missing}. */
  readonly counters: readonly TableCounters[];
  readonly policies: PolicyCounters;
}

/**
 * Locks and reads every row that the call may touch beside its own.
 *
 * @param params of the call.
 */
export async function readRelatedBefore(
  bus: Bus,
  transaction: TransactionHandle,
  call: CallWithEffects,
  params: InternalParams,
): Promise<RelatedBefore> {
  const { model, row, node, written, pins } = call;
  const rows = new TouchedRows();
  const top = row === undefined ? rows.created(model) : rows.found(model, row);
  top.mayBeDeleted = call.isDeleted;
  for (const field of written) top.written.add(field);
  const loader = loaderIn(bus, transaction);
  const resolve = (target: Model, where: unknown) =>
    resolveUniqueKey(bus, transaction, params, target, where);
  const mayWriteOthers = (await loadCatalog(bus, transaction)).mayWriteOthers(modelsOf(call));
  const walk = new BeforeWalk(loader, rows, pins, resolve, mayWriteOthers);
  if (node !== undefined) {
    const subjects = row === undefined ? [] : [top];
    await loader.all([() => walk.visit(node, subjects, true)]);
  }
  const before = (item: NestedItem): readonly Row[] =>
    (walk.reached.get(item) ?? []).flatMap((one) => (one.before === undefined ? [] : [one.before]));
  for (const pin of pins.values()) pin.fill(before);
  const expected = await lockRowsOfActions(bus, transaction, loader, rows, model);
  await walk.noteUnlinkedCreations(top, node, written);
  const policies = await policyCounters(bus, transaction, expected);
  return { call, top, found: walk, counters: await countersOfMissing(bus, transaction, walk), policies };
}

/** The models whose rows the call itself writes. */
export function modelsOf({ model, node }: CallWithEffects): readonly Model[] {
  return [model, ...Array.from(relationsIn(node), ({ target }) => target)];
}

/** What is known before a call of any number of rows, which has no nested writes. */
export interface ManyRelatedBefore {
  readonly own: readonly TouchedRow[];
  readonly rows: TouchedRows;
  readonly policies: PolicyCounters;
}

/**
 * Locks and reads every row on which a referential action may follow from what is done to rows of one model.
 *
 * @param data what the call writes to each of the rows; undefined: it deletes them.
 */
export async function readManyRelatedBefore(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  before: readonly Row[],
  data: unknown,
): Promise<ManyRelatedBefore> {
  const rows = new TouchedRows();
  const own = before.map((row) => rows.found(model, row));
  for (const row of own) {
    row.mayBeDeleted = data === undefined;
    for (const field of changedFields(model, row.before ?? {}, data)) row.written.add(field);
  }
  const expected = await lockRowsOfActions(bus, transaction, loaderIn(bus, transaction), rows, model);
  return { own, rows, policies: await policyCounters(bus, transaction, expected) };
}

export function loaderIn(bus: Bus, transaction: TransactionHandle): RowLoader {
  return new RowLoader((query) => lookUp(bus, transaction, query));
}
