import { reported } from "../../capture/reported.js";
import { draftsOf, type RowChange } from "../../capture/row-change.js";
import { hub } from "../../log/hub.js";
import type { Model } from "../../models/model.js";
import { encodeInTexts } from "../../outbox/encode-event.js";
import { storeEvents } from "../../outbox/publish-events.js";
import type { EventMetadata } from "../../registry/event.js";
import type { EventDraft } from "../../registry/event-type.js";
import { metadataFor } from "../one-row/captured-events.js";
import type { Bus } from "../prisma/bus.js";
import { executorIn, type TransactionHandle } from "../prisma/internals.js";
import { sourceSchema } from "./source-table.js";

/**
 * Publishes the events of changes, in their order, with one statement; with several where they are large, with none when
 * they lead to no event.
 *
 * @param called metadata of the call that led to the changes.
 */
export async function publishChanges(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<void> {
  const publish = await prepareChanges(bus, transaction, changes, called);
  await publish?.();
}

/** Makes the events of changes. What it returns sends them; undefined when there are none. */
export async function prepareChanges(
  bus: Bus,
  transaction: TransactionHandle,
  changes: readonly RowChange[],
  called: EventMetadata | undefined,
): Promise<(() => Promise<void>) | undefined> {
  let metadata: EventMetadata | undefined;
  const metadataOnce = () => (metadata ??= metadataFor(bus, called, transaction));
  const { maxEventBytes, database } = bus.options;
  const schemas = await schemasOf(bus, changes);
  const drafts: EventDraft[] = [];
  const sourceSchemas: (string | null)[] = [];
  for (const change of changes) {
    for (const draft of draftsOf(change, bus.options.redactions, metadataOnce)) {
      drafts.push(draft);
      sourceSchemas.push(schemas.get(change.model) ?? null);
    }
  }
  if (drafts.length === 0) return undefined;
  const encode = (all: readonly EventDraft[]) => encodeInTexts(all, { maxEventBytes, sourceSchemas });
  // Who listens is told of what cannot be encoded too, and may give the events a trace first.
  const encoded = hub.watches("publish") ? undefined : encode(drafts);
  return async () => {
    await reported("capture", drafts, async (traced) => {
      const executor = executorIn(bus.root, transaction);
      for (const text of encoded ?? encode(traced)) await storeEvents(executor, database, text);
      return {};
    });
  };
}

async function schemasOf(
  bus: Bus,
  changes: readonly RowChange[],
): Promise<ReadonlyMap<Model, string | null>> {
  const schemas = new Map<Model, string | null>();
  for (const { model } of changes)
    if (!schemas.has(model)) schemas.set(model, await sourceSchema(bus, model));
  return schemas;
}
