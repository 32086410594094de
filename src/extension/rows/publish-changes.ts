import { encodeEvent } from "../../outbox/encode-event.js";
import { storeEvents } from "../../outbox/publish-events.js";
import type { EventMetadata } from "../../registry/event.js";
import type { Bus } from "../bus.js";
import { metadataFor } from "../captured-events.js";
import { executorIn, type TransactionHandle } from "../prisma-internals.js";
import { draftsOf, type RowChange } from "./row-change.js";
import { sourceSchema } from "./source-table.js";

/**
 * Publishes the events of changes, in their order, with one statement; with none when they lead to no event.
 *
 * @param called metadata of the call that led to the changes.
 */
export async function publishChanges(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<void> {
  let metadata: EventMetadata | undefined;
  const metadataOnce = () => (metadata ??= metadataFor(bus, called, transaction));
  const { maxEventBytes, database } = bus.options;
  const texts: string[] = [];
  for (const change of changes) {
    const drafts = draftsOf(change, metadataOnce);
    if (drafts.length === 0) continue;
    const options = { maxEventBytes, sourceSchema: await sourceSchema(bus, change.model) };
    for (const draft of drafts) texts.push(encodeEvent(draft, options));
  }
  if (texts.length > 0) await storeEvents(executorIn(bus.root, transaction), database, texts);
}
