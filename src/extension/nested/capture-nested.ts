import type { Row } from "../../changes/diff.js";
import type { Bus } from "../bus.js";
import type { TransactionHandle } from "../prisma-internals.js";
import { followReferences } from "../references/follow-references.js";
import { loadReferences } from "../references/references.js";
import { lookUp } from "../rows/look-up.js";
import { RowLoader } from "../rows/row-loader.js";
import type { Model } from "../schema/model.js";
import { AfterWalk } from "./load-after.js";
import { BeforeWalk, type NestedPast } from "./load-before.js";
import type { Ways } from "./mirror.js";
import { capturesReferences, isChangedByReferences } from "./plan-far.js";
import { type TouchedRow, TouchedRows } from "./touched-rows.js";
import type { NestedNode } from "./tree.js";

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
}

/** What is known before such a call. */
export interface FarPast {
  readonly call: FarCall;
  readonly top: TouchedRow;
  readonly past: NestedPast;
}

/** What became of all rows that such a call may have touched. */
export interface FarOutcome {
  readonly top: TouchedRow;
  readonly rows: TouchedRows;
  readonly ways: Ways;
}

/** Locks and reads every row that the call may touch beside its own. */
export async function loadFarBefore(
  bus: Bus,
  transaction: TransactionHandle,
  call: FarCall,
): Promise<FarPast> {
  const rows = new TouchedRows();
  const top = call.row === undefined ? rows.created(call.model) : rows.found(call.model, call.row);
  top.mayGo = call.goes;
  for (const field of call.written) top.written.add(field);
  const loader = loaderIn(bus, transaction);
  const walk = new BeforeWalk(loader, rows);
  const { node } = call;
  if (node !== undefined) {
    const subjects = call.row === undefined ? [] : [top];
    await loader.all([() => walk.visit(node, subjects)]);
  }
  if (capturesReferences(bus)) {
    const references = await loadReferences(bus, transaction);
    await followReferences(references, ({ name }) => isChangedByReferences(bus, name), loader, rows);
  }
  return { call, top, past: walk };
}

/**
 * Reads all of them again, and what the call created.
 *
 * @param row the call's own row after it; undefined when it is gone.
 */
export async function loadFarAfter(
  bus: Bus,
  transaction: TransactionHandle,
  { call, top, past }: FarPast,
  row: Row | undefined,
): Promise<FarOutcome> {
  const loader = loaderIn(bus, transaction);
  const walk = new AfterWalk(loader, past);
  if (row !== undefined) past.rows.settle(top, row);
  await walk.readAgain(top);
  const { node } = call;
  if (node !== undefined) await loader.all([() => walk.visit(node, [top])]);
  return { top, rows: past.rows, ways: walk.ways };
}

function loaderIn(bus: Bus, transaction: TransactionHandle): RowLoader {
  return new RowLoader((query) => lookUp(bus, transaction, query));
}
