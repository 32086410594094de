import { type TableCounters, tableCounters } from "../../outbox/lock-row.js";
import type { Bus } from "../bus.js";
import { LostRace } from "../lost-race.js";
import { executorIn, type TransactionHandle } from "../prisma-internals.js";
import { sourceTable } from "../rows/source-table.js";
import type { NestedPast } from "./load-before.js";
import type { TouchedRow } from "./touched-rows.js";

/** What PostgreSQL has counted of the models of which rows were missing. No statement when there are none. */
export async function countersOf(
  bus: Bus,
  transaction: TransactionHandle,
  { missing }: NestedPast,
): Promise<readonly TableCounters[]> {
  if (missing.size === 0) return [];
  const tables = await Promise.all(Array.from(missing, (model) => sourceTable(bus, model)));
  return tableCounters(executorIn(bus.root, transaction), tables);
}

/**
 * Whether what looks new is new: another transaction may have created a row that was missing before, and the call may
 * have changed that.
 *
 * @throws LostRace when it has.
 */
export async function checkCreated(
  bus: Bus,
  transaction: TransactionHandle,
  past: NestedPast,
  before: readonly TableCounters[],
): Promise<void> {
  const now = await countersOf(bus, transaction, past);
  Array.from(past.missing).forEach((model, at) => {
    const created = past.rows.all().filter((one) => one.model === model && isCreated(one)).length;
    if (hasTakenForNew(created, before[at], now[at])) throw new LostRace();
  });
}

function isCreated({ before, after }: TouchedRow): boolean {
  return before === undefined && after !== undefined;
}

function hasTakenForNew(
  created: number,
  before: TableCounters | undefined,
  after: TableCounters | undefined,
): boolean {
  if (before === undefined || after === undefined) return false;
  const inserted = BigInt(after.inserted) - BigInt(before.inserted);
  // Where PostgreSQL does not count (track_counts off), nothing is known.
  return BigInt(after.updated) > BigInt(before.updated) && inserted < BigInt(created);
}
