import { encodeEvent } from "../../outbox/encode-event.js";
import { storeEvents } from "../../outbox/publish-events.js";
import type { EventMetadata } from "../../registry/event.js";
import type { EventDraft } from "../../registry/event-type.js";
import type { Bus } from "../bus.js";
import { metadataFor } from "../captured-events.js";
import { executorIn, type TransactionHandle } from "../prisma-internals.js";
import { reported } from "../reported.js";
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
  const drafts: EventDraft[] = [];
  const schemas: (string | null)[] = [];
  for (const change of changes) {
    const ofChange = draftsOf(change, bus.options.redactions, metadataOnce);
    if (ofChange.length === 0) continue;
    const schema = await sourceSchema(bus, change.model);
    drafts.push(...ofChange);
    schemas.push(...ofChange.map(() => schema));
  }
  if (drafts.length === 0) return;
  await reported("capture", drafts, async (traced) => {
    const texts = traced.map((draft, index) =>
      encodeEvent(draft, { maxEventBytes, sourceSchema: schemas[index] ?? null }),
    );
    await storeEvents(executorIn(bus.root, transaction), database, texts);
    return {};
  });
}
