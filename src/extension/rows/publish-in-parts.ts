import type { EventMetadata } from "../../registry/event.js";
import type { Bus } from "../bus.js";
import type { TransactionHandle } from "../prisma-internals.js";
import { publishChanges } from "./publish-changes.js";
import { ROWS_PER_STATEMENT } from "./read-rows.js";
import type { RowChange } from "./row-change.js";

/** The same as {@link publishChanges} for any number of changes: one statement for each {@link ROWS_PER_STATEMENT}. */
export async function publishInParts(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<void> {
  for (let at = 0; at < changes.length; at += ROWS_PER_STATEMENT)
    await publishChanges(bus, transaction, changes.slice(at, at + ROWS_PER_STATEMENT), called);
}
