import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { aggregateKeyOf, identityOf } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import { type Counted, countedSince, countersStatement, type TableCounters } from "../../outbox/lock-row.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import { callerOf } from "../prisma/call-params.js";
import { type InternalParams, requestIn, type TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import type { CallArgs } from "../prisma/selection.js";
import { lookUp } from "../rows/look-up.js";
import { LostRace } from "../rows/lost-race.js";
import { BY_TUPLE_ID } from "../rows/row-loader.js";
import { sourceTable } from "../rows/source-table.js";
import { hasFurtherConditions } from "../rows/unique-match.js";
import { writesKey } from "../rows/written-fields.js";
import type { Past, RowCall, Written } from "./mutation.js";

// Whether an upsert changes a row or creates one: Prisma decides it, and does not say what it did.

/**
 * Whether Prisma will take the row with the key of an upsert for the one to update: it creates another one where
 * further conditions are not met. Asked only where other rows depend on it, or the call writes the key.
 */
export async function meetsConditions(
  bus: Bus,
  transaction: TransactionHandle,
  params: InternalParams,
  { model, args, isPastNeeded }: RowCall,
  { row, match }: Past,
): Promise<boolean> {
  const { where } = args;
  if (row === undefined || match === undefined) return true;
  if (!hasFurtherConditions(where, match)) return true;
  // Else the keys of the row and of the answer tell.
  if (!isPastNeeded && !writesKey(model, args["update"])) return true;
  const select = Object.fromEntries(match.key.fields.map((field) => [field, true]));
  return (
    (await requestIn(callerOf(bus, params), transaction, params, "findUnique", { where, select })) !== null
  );
}

/** What PostgreSQL has counted of a table of which an upsert found no row. */
export async function countersBefore(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
): Promise<Pick<Past, "counters">> {
  const sql = countersStatement(await sourceTable(bus, model));
  const [counters] = await executorIn(bus.root, transaction).query<TableCounters>(sql);
  return counters === undefined ? {} : { counters };
}

/**
 * Makes sure that an upsert that found no row has created one.
 *
 * @throws LostRace when it changed one, which another transaction had created meanwhile.
 */
export async function checkCreated(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  { past, row, related }: Written,
): Promise<void> {
  // Without an answer PostgreSQL has found the new row's key and not what the `where` says: it wrote nothing.
  const isNothing = row === null && related === undefined;
  if (isNothing || past.row !== undefined || past.counters === undefined) return;
  if (!(await hasCreated(bus, transaction, model, past.counters))) throw new LostRace();
}

/** Whether the upsert that found no row created one; otherwise another transaction did meanwhile, and it was changed. */
async function hasCreated(
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

/**
 * Whether an upsert has created a row beside the one that it was to change, or in its place: triggers make another key of
 * the new row, or delete the old one. A key that is another one now may just have been changed: PostgreSQL knows what has
 * become of the row with its tuple id.
 */
export async function isCreatedInstead(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  past: Past,
  row: Row,
): Promise<boolean> {
  const tupleId = past.row && storedOf(past.row)?.tupleId;
  if (past.row === undefined || tupleId === undefined) return false;
  const facts = knownCatalog(bus)?.table(model);
  if (facts?.hasTriggers !== true || facts.kind !== "table") return false;
  if (aggregateKeyOf(model, past.row) === aggregateKeyOf(model, row)) return false;
  const [now] = await lookUp(bus, transaction, { model, fields: BY_TUPLE_ID, keys: [tupleId] });
  return now === undefined || identityOf(model, now.row) !== identityOf(model, row);
}

/** Whether an upsert that found a row by the key created another one: then that one has another key. */
export function isCreatedBeside(
  model: Model,
  args: CallArgs,
  { row: before, match }: Past,
  row: Row,
): boolean {
  if (before === undefined || match === undefined) return false;
  if (!hasFurtherConditions(args["where"], match)) return false;
  return !writesKey(model, args["update"]) && aggregateKeyOf(model, before) !== aggregateKeyOf(model, row);
}
