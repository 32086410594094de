import type { Model } from "../../models/model.js";
import { countedSince, type TableCounters, tableCounters } from "../../outbox/lock-row.js";
import type { Bus } from "../prisma/bus.js";
import { executorIn, type TransactionHandle } from "../prisma/internals.js";
import { LostRace } from "../rows/lost-race.js";
import { sourceTable } from "../rows/source-table.js";
import type { FoundBefore } from "./found-before.js";
import type { TouchedRow } from "./touched-rows.js";

/** What PostgreSQL has counted of the models in {@link FoundBefore.missing}. No statement when there are none. */
export async function countersOf(
  bus: Bus,
  transaction: TransactionHandle,
  { missing }: FoundBefore,
): Promise<readonly TableCounters[]> {
  if (missing.size === 0) return [];
  const tables = await Promise.all(Array.from(missing, (model) => sourceTable(bus, model)));
  return tableCounters(executorIn(bus.root, transaction), tables);
}

/** What a call did to the models in {@link FoundBefore.missing}, as far as PostgreSQL says. */
export interface Counts {
  /** Those of which rows were changed or deleted. */
  readonly written: ReadonlySet<Model>;
  /** Those that got rows of which nothing is known, by a trigger for example. */
  readonly unknown: ReadonlySet<Model>;
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
  past: FoundBefore,
  counters: readonly TableCounters[],
): Promise<Counts> {
  const now = await countersOf(bus, transaction, past);
  const [written, unknown] = [new Set<Model>(), new Set<Model>()];
  Array.from(past.missing).forEach((model, at) => {
    const [before, after] = [counters[at], now[at]];
    if (before === undefined || after?.ex_event_bus_counts !== true) {
      written.add(model);
      return;
    }
    const created = BigInt(past.rows.all().filter((one) => one.model === model && isCreated(one)).length);
    const inserted = countedSince(before, after, "inserted");
    if (inserted < created) throw new LostRace();
    if (inserted > created) unknown.add(model);
    if (countedSince(before, after, "updated") + countedSince(before, after, "deleted") > 0n)
      written.add(model);
  });
  return { written, unknown };
}

function isCreated({ before, after }: TouchedRow): boolean {
  return before === undefined && after !== undefined;
}
