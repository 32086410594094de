import type { Row } from "../changes/diff.js";
import {
  type Counted,
  countedSince,
  countersStatement,
  FOUND,
  type LockStrength,
  lockRow,
  lockRowStatement,
  lockRowWithCounters,
  type TableCounters,
  type TableName,
} from "../outbox/lock-row.js";
import { asPrismaReads } from "./as-prisma-reads.js";
import type { Bus } from "./bus.js";
import type { CapturableCall } from "./plan.js";
import { executorIn, type TransactionHandle } from "./prisma-internals.js";
import { columnReads, columnsOf, sourceTable } from "./rows/source-table.js";
import type { Model } from "./schema/model.js";
import { type CallArgs, selectsRelations } from "./selection.js";
import { findUniqueMatch, type UniqueMatch } from "./unique-match.js";

/** The call, as far as it says which row it is going to change. */
export interface RowCall {
  readonly model: Model;
  readonly operation: CapturableCall;
  readonly args: CallArgs;
  readonly isFluent: boolean;
  /** The row is needed even where its own event needs none. */
  readonly isPastNeeded: boolean;
}

/** What is known of a row before it is changed. */
export interface Past {
  /** Undefined: there is no such row, or none is needed. */
  readonly row: Row | undefined;
  /** Whether the row was looked for. */
  readonly isKnown: boolean;
  /** For an upsert: to tell afterwards whether it created a row where it found none. */
  readonly counters?: TableCounters;
}

const NOT_NEEDED: Past = { row: undefined, isKnown: false };

/**
 * Reads the row that a call is going to change, and locks it, in one statement: without the lock another transaction
 * could change it in between, and the old values would be false.
 *
 * A new row has no past, and a delete of columns alone answers with the row that went: then nothing is read.
 */
export async function loadBefore(bus: Bus, transaction: TransactionHandle, call: RowCall): Promise<Past> {
  const { model, operation, args } = call;
  if (operation === "create") return NOT_NEEDED;
  const isAnswered = operation === "delete" && !call.isFluent && !selectsRelations(model, args);
  if (isAnswered && !call.isPastNeeded) return NOT_NEEDED;
  const match = findUniqueMatch(model, args["where"]);
  if (match === undefined) return NOT_NEEDED;
  const table = await sourceTable(bus, model);
  const sql = lockStatement(call, table, match);
  const answer = await lockRow<Record<string, unknown>>(executorIn(bus.root, transaction), sql, match.texts);
  if (operation !== "upsert") return { row: answer && asPrismaReads(model, answer), isKnown: true };
  const counters = answer as unknown as TableCounters;
  return answer?.[FOUND] === true
    ? { row: asPrismaReads(model, answer), isKnown: true, counters }
    : { row: undefined, isKnown: true, counters };
}

/** Whether the upsert that found no row created one; otherwise another transaction did meanwhile, and it was changed. */
export async function hasCreated(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  before: TableCounters,
): Promise<boolean> {
  const table = await sourceTable(bus, model);
  const [after] = await executorIn(bus.root, transaction).query<TableCounters>(countersStatement(table));
  // Where PostgreSQL does not count, nothing is known: then it is taken for what it looked like.
  if (after?.ex_event_bus_counts !== true) return true;
  const more = (what: Counted) => countedSince(before, after, what);
  // `on conflict` takes back what it inserted when another transaction inserts at the same moment, and updates.
  const isTakenBack = more("deleted") >= more("inserted") && more("updated") > 0n;
  return more("inserted") > 0n && !isTakenBack;
}

const statements = new WeakMap<Model, Map<string, string>>();

function lockStatement(call: RowCall, table: TableName, { key }: UniqueMatch): string {
  const { model, operation } = call;
  // Every other writer waits for either; whoever inserts a row that refers to this one waits only for the stronger.
  // That a key is written does not say that it changes: PostgreSQL takes the stronger lock only where it does.
  const strength: LockStrength = operation === "delete" ? "update" : "no key update";
  const known = statements.get(model) ?? new Map<string, string>();
  statements.set(model, known);
  const id = JSON.stringify([table.schema, key.fields, strength, operation]);
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const lock = lockRowStatement(table, columnReads(model), columnsOf(model, key.fields), strength);
  const sql = operation === "upsert" ? lockRowWithCounters(lock, table) : lock;
  known.set(id, sql);
  return sql;
}
