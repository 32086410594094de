import type { Row } from "../../changes/diff.js";
import { WRITE_OPERATIONS, writtenData } from "../../models/operations.js";
import { type ManyRelatedBefore, readManyRelatedBefore } from "../relations/read-related.js";
import { manyRelatedChanges } from "../relations/related-changes.js";
import { type BulkRun, type OwnChange, publishAll, publishRows } from "./bulk-call.js";

/**
 * Locks and reads the rows on which referential actions may follow when a chunk's rows are written. Undefined where
 * none matter.
 */
export async function readRelated(
  run: BulkRun,
  locked: readonly Row[],
): Promise<ManyRelatedBefore | undefined> {
  const { bus, transaction, mutation, plan, args } = run;
  if (plan.effects === undefined || locked.length === 0) return undefined;
  const { model, operation } = mutation;
  const isDelete = WRITE_OPERATIONS[operation].change === "delete";
  const data = isDelete ? undefined : (writtenData(operation, args).update ?? {});
  return readManyRelatedBefore(bus, transaction, model, locked, data);
}

/** Publishes the changes of a chunk's rows, and those that referential actions made. */
export async function publishChunk(
  run: BulkRun,
  related: ManyRelatedBefore | undefined,
  changes: readonly OwnChange[],
): Promise<void> {
  if (related === undefined) return publishRows(run, changes);
  const { bus, transaction, plan, mutation } = run;
  const byBefore = new Map(changes.map((change) => [change.before, change]));
  // A locked row that did not meet the `where` any more stays as it is.
  const after = related.own.map(({ before }) => {
    const change = byBefore.get(before);
    return change === undefined ? before : change.after;
  });
  // A referential action may have changed a row that the call itself left alone: for it the model's own rules count.
  const declared = bus.options.rules.get(mutation.model.name);
  const { change: own } = WRITE_OPERATIONS[mutation.operation];
  const all = await manyRelatedChanges(bus, transaction, related, after, (operation) =>
    operation === own ? plan[operation] : (declared?.[operation] ?? []),
  );
  await publishAll(run, all);
}
