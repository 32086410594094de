import type { RowChange } from "../../capture/row-change.js";
import type { EventMetadata } from "../../registry/event.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { bytesOf, CHUNK_BYTES, cut } from "./chunk-size.js";
import { publishChanges } from "./publish-changes.js";
import { ROWS_PER_STATEMENT } from "./read-rows.js";

/** The same as {@link publishChanges} for any number of changes, see {@link partsOfChanges}. */
export async function publishInParts(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<void> {
  if (changes.length === 1) return publishChanges(bus, transaction, changes, called);
  for (const some of partsOfChanges(changes)) await publishChanges(bus, transaction, some, called);
}

/** Changes whose events are made together: {@link ROWS_PER_STATEMENT}, fewer where the rows are large. */
export function partsOfChanges(changes: readonly RowChange[]): Iterable<readonly RowChange[]> {
  return cut(changes, { rows: ROWS_PER_STATEMENT, bytes: CHUNK_BYTES }, bytesOfChange);
}

/** Of an update, the old and the new values are said beside the row. */
function bytesOfChange({ before, after, difference, rules }: RowChange): number {
  return (bytesOf(before) + bytesOf(after) + bytesOf(difference)) * rules.length;
}
