import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import type { TableCounters } from "../../outbox/lock-row.js";
import { loadCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { InternalParams, TransactionHandle } from "../prisma/internals.js";
import { askPrisma } from "../rows/ask-prisma.js";
import { lookUp } from "../rows/look-up.js";
import { RowLoader } from "../rows/row-loader.js";
import { checkAbsent } from "./check-absent.js";
import { checkCreated, countersOf } from "./check-created.js";
import { checkHidden, countersBefore, type Following, type HiddenPast } from "./check-hidden.js";
import { followReferences } from "./follow-references.js";
import type { Kept } from "./keep-to.js";
import { AfterWalk } from "./load-after.js";
import { BeforeWalk } from "./load-before.js";
import type { Ways } from "./mirror.js";
import type { NestedPast } from "./nested-past.js";
import { capturesReferences, isChangedByReferences } from "./plan-far.js";
import { relationsIn } from "./reach.js";
import { ReadAgain } from "./read-again.js";
import { type TouchedRow, TouchedRows } from "./touched-rows.js";
import type { NestedItem, NestedNode, NestedRelation } from "./tree.js";
import { changedFields } from "./written-fields.js";

/** A call whose effects go beyond its own row. */
export interface FarCall {
  readonly model: Model;
  /** The row before; undefined when there is none. */
  readonly row: Row | undefined;
  readonly goes: boolean;
  /** Fields of the row that the call writes. */
  readonly written: readonly string[];
  /** What it writes through its relations. */
  readonly node: NestedNode | undefined;
  /** Writes to whatever is related that keep to the rows that are found and locked. */
  readonly kept: ReadonlyMap<NestedItem, Kept>;
}

/** What is known before such a call. */
export interface FarPast {
  readonly call: FarCall;
  readonly top: TouchedRow;
  readonly past: NestedPast;
  /** What PostgreSQL had counted of each model in {@link NestedPast.missing}. */
  readonly counters: readonly TableCounters[];
  readonly hidden: HiddenPast;
}

/** What became of all rows that such a call may have touched. */
export interface FarOutcome {
  /** The call's own. */
  readonly own: ReadonlySet<TouchedRow>;
  readonly rows: TouchedRows;
  readonly ways: Ways;
}

/**
 * Locks and reads every row that the call may touch beside its own.
 *
 * @param params of the call.
 */
export async function loadFarBefore(
  bus: Bus,
  transaction: TransactionHandle,
  call: FarCall,
  params: InternalParams,
): Promise<FarPast> {
  const rows = new TouchedRows();
  const top = call.row === undefined ? rows.created(call.model) : rows.found(call.model, call.row);
  top.mayGo = call.goes;
  for (const field of call.written) top.written.add(field);
  const loader = loaderIn(bus, transaction);
  const ask = (model: Model, where: unknown) => askPrisma(bus, transaction, params, model, where);
  const { node } = call;
  const isRewriting = (await loadCatalog(bus, transaction)).mayWriteOthers(modelsOf(call));
  const walk = new BeforeWalk(loader, rows, call.kept, ask, isRewriting);
  if (node !== undefined) {
    const subjects = call.row === undefined ? [] : [top];
    await loader.all([() => walk.visit(node, subjects, true)]);
  }
  const before = (item: NestedItem): readonly Row[] =>
    (walk.reached.get(item) ?? []).flatMap((row) => (row.before === undefined ? [] : [row.before]));
  for (const kept of call.kept.values()) kept.fill(before);
  const following = capturesReferences(bus)
    ? await loadFollowing(bus, transaction, loader, rows, call.model)
    : NOTHING_FOLLOWS;
  await walk.noteUnlinking(top, node, call.written);
  const hidden = await countersBefore(bus, transaction, following);
  return { call, top, past: walk, counters: await countersOf(bus, transaction, walk), hidden };
}

/**
 * Reads all of them again, and what the call created.
 *
 * @param row the call's own row after it; undefined when it is gone.
 */
export async function loadFarAfter(
  bus: Bus,
  transaction: TransactionHandle,
  { call, top, past, counters, hidden }: FarPast,
  row: Row | undefined,
): Promise<FarOutcome> {
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
  await checkHidden(bus, transaction, hidden, past.rows, (model) => written.has(model));
  return { own, rows: past.rows, ways: walk.ways };
}

/** The models whose rows the call itself writes. */
function modelsOf({ model, node }: FarCall): readonly Model[] {
  return [model, ...Array.from(relationsIn(node), ({ target }) => target)];
}

/** What is known before a call of any number of rows. */
export interface FarRowsPast {
  readonly own: readonly TouchedRow[];
  readonly rows: TouchedRows;
  readonly hidden: HiddenPast;
}

/**
 * Locks and reads every row that PostgreSQL may delete or change along with rows of one model.
 *
 * @param data what the call writes to each of the rows; undefined: the rows go.
 */
export async function loadFarRowsBefore(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  before: readonly Row[],
  data: unknown,
): Promise<FarRowsPast> {
  const rows = new TouchedRows();
  const own = before.map((row) => rows.found(model, row));
  for (const row of own) {
    row.mayGo = data === undefined;
    for (const field of changedFields(model, row.before ?? {}, data)) row.written.add(field);
  }
  const following = await loadFollowing(bus, transaction, loaderIn(bus, transaction), rows, model);
  return { own, rows, hidden: await countersBefore(bus, transaction, following) };
}

/**
 * Reads all of them again.
 *
 * @param after what has become of the call's own rows, each; undefined: it is gone.
 */
export async function loadFarRowsAfter(
  bus: Bus,
  transaction: TransactionHandle,
  { own, rows, hidden }: FarRowsPast,
  after: readonly (Row | undefined)[],
): Promise<FarOutcome> {
  const loader = loaderIn(bus, transaction);
  const past = {
    rows,
    reached: new Map(),
    ownBefore: new Set<string>(),
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
  await checkHidden(bus, transaction, hidden, rows, (model) => model === own[0]?.model);
  return { own: new Set(own), rows, ways: walk.ways };
}

const NOTHING_FOLLOWS: Following = new Map();

/** @returns the models with policies of which rows may follow. */
async function loadFollowing(
  bus: Bus,
  transaction: TransactionHandle,
  loader: RowLoader,
  rows: TouchedRows,
  model: Model,
): Promise<Following> {
  const catalog = await loadCatalog(bus, transaction);
  const { maxRows } = bus.options.bulk;
  const changes = await followReferences(
    catalog.references,
    ({ name }) => isChangedByReferences(bus, name),
    loader,
    rows,
    {
      maxRows,
      error: () => tooManyFollow(model, maxRows),
    },
  );
  return new Map(Array.from(changes).filter(([holder]) => catalog.table(holder)?.hasRowSecurity === true));
}

function tooManyFollow({ name, jsName }: Model, maxRows: number): EventBusError {
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
