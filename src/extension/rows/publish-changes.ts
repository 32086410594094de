import { eventMetadata, prepareEvents, type RowChange } from "../../capture/row-change.js";
import type { EventMetadata } from "../../registry/event.js";
import { uuidV7 } from "../../registry/uuid-v7.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { correlationIn } from "../transactions/scope.js";
import { bytesOf, CHUNK_BYTES, cut } from "./chunk-size.js";
import { ROWS_PER_STATEMENT } from "./read-rows.js";
import { defaultSchema } from "./source-table.js";

/**
 * Publishes the events of changes, in their order: with one statement for each chunk of them that leads to an event, with
 * several where events are large.
 *
 * @param called metadata of the call that led to the changes.
 */
export async function publishChanges(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<void> {
  for (const chunk of changes.length === 1 ? [changes] : chunksOfChanges(changes)) {
    const publish = await prepareChunk(bus, transaction, chunk, called);
    await publish?.();
  }
}

/** Makes the events of a chunk of changes. What it returns sends them; undefined when there are none. */
export async function prepareChunk(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<(() => Promise<void>) | undefined> {
  const { options, root } = bus;
  const isDefaultMeant = changes.some(({ model }) => model.schema === null);
  return prepareEvents(changes, {
    options,
    defaultSchema: isDefaultMeant ? await defaultSchema(bus) : null,
    metadata: () => eventMetadata(options, called, () => correlationOf(transaction)),
    executor: () => executorIn(root, transaction),
  });
}

/** Of transactions that a call has for itself: what its events share. */
const correlations = new WeakMap<TransactionHandle, string>();

function correlationOf(transaction: TransactionHandle): string {
  const known = correlationIn(transaction) ?? correlations.get(transaction);
  if (known !== undefined) return known;
  const own = uuidV7();
  correlations.set(transaction, own);
  return own;
}

/** Changes whose events are made together: {@link ROWS_PER_STATEMENT}, fewer where the rows are large. */
export function chunksOfChanges(changes: readonly RowChange[]): Iterable<readonly RowChange[]> {
  return cut(changes, { rows: ROWS_PER_STATEMENT, bytes: CHUNK_BYTES }, bytesOfChange);
}

/** Of an update, the old and the new values are said beside the row. */
function bytesOfChange({ before, after, difference, rules }: RowChange): number {
  return (bytesOf(before) + bytesOf(after) + bytesOf(difference)) * rules.length;
}
