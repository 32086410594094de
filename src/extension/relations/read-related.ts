import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import type { TableCounters } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { InternalParams, TransactionHandle } from "../prisma/internals.js";
import { lookUp } from "../rows/look-up.js";
import { resolveUniqueKey } from "../rows/resolve-unique-key.js";
import { RowLoader } from "../rows/row-loader.js";
import { changedFields } from "../rows/written-fields.js";
import { checkAbsent } from "./check-absent.js";
import { checkCreated, countersOf } from "./check-created.js";
import type { FoundBefore } from "./found-before.js";
import { checkNoneHidden, type ExpectedChanges, type PolicyCounters, policyCounters } from "./hidden-rows.js";
import type { WrittenRelations } from "./nested-difference.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";
import type { Pin } from "./pin-to-locked-rows.js";
import { capturesActionsOn, capturesReferentialActions } from "./plan-effects.js";
import { ReadAgain } from "./read-again.js";
import { lockRowsOfActions } from "./referential-actions.js";
import { relationsIn } from "./relevant-writes.js";
import { type TouchedRow, TouchedRows } from "./touched-rows.js";
import { AfterWalk } from "./walk-after.js";
import { BeforeWalk } from "./walk-before.js";

/** A call whose effects go beyond its own row. */
export interface CallWithEffects {
  readonly model: Model;
  /** The row before; undefined when there is none. */
  readonly row: Row | undefined;
  readonly isDeleted: boolean;
  /** Fields of the row that the call writes. */
  readonly written: readonly string[];
  /** What it writes through its relations. */
  readonly node: NestedNode | undefined;
  /** Writes to whatever is related that keep to the rows that are found and locked. */
  readonly pins: ReadonlyMap<NestedItem, Pin>;
}

/** What is known before such a call. */
export interface RelatedBefore {
  readonly call: CallWithEffects;
  readonly top: TouchedRow;
  readonly past: FoundBefore;
  /** What PostgreSQL had counted of each model in {@link FoundBefore.missing}. */
  readonly counters: readonly TableCounters[];
  readonly hidden: PolicyCounters;
}

/** What became of all rows that such a call may have touched. */
export interface RelatedAfter {
  /** The call's own. */
  readonly own: ReadonlySet<TouchedRow>;
  readonly rows: TouchedRows;
  readonly written: WrittenRelations;
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
  const rows = new TouchedRows();
  const top = call.row === undefined ? rows.created(call.model) : rows.found(call.model, call.row);
  top.mayBeDeleted = call.isDeleted;
  for (const field of call.written) top.written.add(field);
  const loader = loaderIn(bus, transaction);
  const ask = (model: Model, where: unknown) => resolveUniqueKey(bus, transaction, params, model, where);
  const { node } = call;
  const isRewriting = (await loadCatalog(bus, transaction)).mayWriteOthers(modelsOf(call));
  const walk = new BeforeWalk(loader, rows, call.pins, ask, isRewriting);
  if (node !== undefined) {
    const subjects = call.row === undefined ? [] : [top];
    await loader.all([() => walk.visit(node, subjects, true)]);
  }
  const before = (item: NestedItem): readonly Row[] =>
    (walk.reached.get(item) ?? []).flatMap((row) => (row.before === undefined ? [] : [row.before]));
  for (const pin of call.pins.values()) pin.fill(before);
  const following = capturesReferentialActions(bus)
    ? await lockActedOn(bus, transaction, loader, rows, call.model)
    : NO_ACTIONS;
  await walk.noteUnlinkedCreations(top, node, call.written);
  const hidden = await policyCounters(bus, transaction, following);
  return { call, top, past: walk, counters: await countersOf(bus, transaction, walk), hidden };
}

/**
 * Reads all of them again, and what the call created.
 *
 * @param row the call's own row after it; undefined when it is gone.
 */
export async function readRelatedAfter(
  bus: Bus,
  transaction: TransactionHandle,
  { call, top, past, counters, hidden }: RelatedBefore,
  row: Row | undefined,
): Promise<RelatedAfter> {
  const loader = loaderIn(bus, transaction);
  const walk = new AfterWalk(loader, past, new ReadAgain(loader, await loadCatalog(bus, transaction)));
  if (row !== undefined) past.rows.settle(top, row);
  const own = new Set([top]);
  await walk.readAgain(own);
  const { node } = call;
  if (node !== undefined) await loader.all([() => walk.visit(node, [top])]);
  const counts = await checkCreated(bus, transaction, past, counters);
  await checkAbsent(loader, past, call, counts);
  const written = new Set(modelsOf(call));
  await checkNoneHidden(bus, transaction, hidden, past.rows, (model) => written.has(model));
  return { own, rows: past.rows, written: walk.written };
}

/** The models whose rows the call itself writes. */
function modelsOf({ model, node }: CallWithEffects): readonly Model[] {
  return [model, ...Array.from(relationsIn(node), ({ target }) => target)];
}

/** What is known before a call of any number of rows. */
export interface ManyRelatedBefore {
  readonly own: readonly TouchedRow[];
  readonly rows: TouchedRows;
  readonly hidden: PolicyCounters;
}

/**
 * Locks and reads every row that PostgreSQL may delete or change along with rows of one model.
 *
 * @param data what the call writes to each of the rows; undefined: the rows go.
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
  const following = await lockActedOn(bus, transaction, loaderIn(bus, transaction), rows, model);
  return { own, rows, hidden: await policyCounters(bus, transaction, following) };
}

/**
 * Reads all of them again.
 *
 * @param after what has become of the call's own rows, each; undefined: it is gone.
 */
export async function readManyRelatedAfter(
  bus: Bus,
  transaction: TransactionHandle,
  { own, rows, hidden }: ManyRelatedBefore,
  after: readonly (Row | undefined)[],
): Promise<RelatedAfter> {
  const loader = loaderIn(bus, transaction);
  const past = {
    rows,
    reached: new Map(),
    writtenBefore: new Set<string>(),
    missing: new Set<Model>(),
    absent: [],
    unlinking: new Set<NestedRelation>(),
  };
  const walk = new AfterWalk(loader, past, new ReadAgain(loader, await loadCatalog(bus, transaction)));
  for (const [index, row] of own.entries()) {
    const now = after[index];
    if (now !== undefined) rows.settle(row, now);
  }
  await walk.readAgain(new Set(own));
  await checkNoneHidden(bus, transaction, hidden, rows, (model) => model === own[0]?.model);
  return { own: new Set(own), rows, written: walk.written };
}

const NO_ACTIONS: ExpectedChanges = new Map();

/** @returns the models with policies of which rows may follow. */
async function lockActedOn(
  bus: Bus,
  transaction: TransactionHandle,
  loader: RowLoader,
  rows: TouchedRows,
  model: Model,
): Promise<ExpectedChanges> {
  const catalog = await loadCatalog(bus, transaction);
  const { maxRows } = bus.options.bulk;
  const changes = await lockRowsOfActions(
    catalog.references,
    ({ name }) => capturesActionsOn(bus, name),
    loader,
    rows,
    {
      maxRows,
      error: () => tooManyActedOn(model, maxRows),
    },
  );
  return new Map(Array.from(changes).filter(([holder]) => catalog.table(holder)?.hasRowSecurity === true));
}

function tooManyActedOn({ name, jsName }: Model, maxRows: number): EventBusError {
  return new EventBusError(
    "TOO_MANY_ROWS",
    `A call of prisma.${jsName} was refused before it wrote its rows: PostgreSQL would delete or change more than ${maxRows} ` +
      `other rows along with them in one transaction, expected at most ${maxRows}. Delete those first, in parts, raise ` +
      "bulk.maxRows of eventBus(), or run it in prisma.$withoutEvents(() => …) if no events are wanted.",
    { value: maxRows, path: name },
  );
}

function loaderIn(bus: Bus, transaction: TransactionHandle): RowLoader {
  return new RowLoader((query) => lookUp(bus, transaction, query));
}
