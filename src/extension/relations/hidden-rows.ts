import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { countedSince, type TableCounters, tableCounters } from "../../outbox/lock-row.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { sourceTable } from "../rows/source-table.js";
import type { ExpectedChanges } from "./referential-actions.js";
import type { TouchedRows } from "./touched-rows.js";

/** What PostgreSQL had counted of the tables whose policies can hide rows on which referential actions follow. */
export interface PolicyCounters {
  readonly expected: ExpectedChanges;
  readonly counters: ReadonlyMap<Model, TableCounters>;
}

/**
 * Policies hide rows from a role but not from referential actions. PostgreSQL counts how many rows these delete and
 * change. Sends no statement when no policy can hide any.
 *
 * @param expected the changes that can be seen, of models with policies.
 * @throws EventBusError `NOT_CAPTURED` where PostgreSQL does not count.
 */
export async function policyCounters(
  bus: Bus,
  transaction: TransactionHandle,
  expected: ExpectedChanges,
): Promise<PolicyCounters> {
  const counters = await countersNow(bus, transaction, expected);
  for (const [model, { ex_event_bus_counts: counts }] of counters)
    if (!counts) throw hiddenRows(model, "may");
  return { expected, counters };
}

/**
 * Compares what PostgreSQL has counted since with the rows that were seen.
 *
 * @param isWritten whether the call itself writes rows of a model, which are counted too.
 * @throws EventBusError `NOT_CAPTURED` when rows were deleted or changed that were not seen.
 */
export async function checkNoneHidden(
  bus: Bus,
  transaction: TransactionHandle,
  { expected, counters }: PolicyCounters,
  rows: TouchedRows,
  isWritten: (model: Model) => boolean,
): Promise<void> {
  const now = await countersNow(bus, transaction, expected);
  for (const [model, changes] of expected) {
    const [before, after] = [counters.get(model), now.get(model)];
    if (before === undefined || after === undefined) continue;
    const deleted = rows
      .all()
      .filter((row) => row.model === model && row.before !== undefined && row.after === undefined);
    const isMore = countedSince(before, after, "deleted") > BigInt(deleted.length);
    if (isMore || (!isWritten(model) && countedSince(before, after, "updated") > BigInt(changes)))
      throw hiddenRows(model, "did");
  }
}

async function countersNow(
  bus: Bus,
  transaction: TransactionHandle,
  expected: ExpectedChanges,
): Promise<ReadonlyMap<Model, TableCounters>> {
  const models = Array.from(expected.keys());
  if (models.length === 0) return new Map();
  const tables = await Promise.all(models.map((model) => sourceTable(bus, model)));
  const counters = await tableCounters(executorIn(bus.root, transaction), tables);
  return new Map(models.flatMap((model, at) => (counters[at] === undefined ? [] : [[model, counters[at]]])));
}

function hiddenRows({ name, table }: Model, how: "may" | "did"): EventBusError {
  const what =
    how === "did"
      ? `PostgreSQL deleted or changed rows of ${name} along with others that the policies of ${table} hide from the role of this ` +
        "connection, so that their events would be missing; the transaction was aborted"
      : `PostgreSQL may delete or change rows of ${name} that the policies of ${table} hide from the role of this connection, and ` +
        "does not count them (track_counts is off, or other tables inherit from it); nothing was written";
  return new EventBusError(
    "NOT_CAPTURED",
    `${what}. Expected policies by which a role sees all that goes along with a row that it may delete: change them, or run the ` +
      "call in prisma.$withoutEvents(() => …) if no events are wanted.",
    { path: name, value: name },
  );
}
