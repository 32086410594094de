import { eventMetadata } from "../../capture/event-metadata.js";
import { prepareEvents } from "../../capture/publish-changes.js";
import type { RowChange } from "../../capture/row-change.js";
import type { EventMetadata } from "../../registry/event.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { correlationIn } from "../transactions/turns.js";
import { defaultSchema } from "./source-table.js";

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
  const { options, root } = bus;
  const isDefaultMeant = changes.some(({ model }) => model.schema === null);
  return prepareEvents(changes, {
    options,
    defaultSchema: isDefaultMeant ? await defaultSchema(bus) : null,
    metadata: () => eventMetadata(options, called, () => correlationIn(transaction)),
    executor: () => executorIn(root, transaction),
  });
}
