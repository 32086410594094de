import type { Row } from "../../changes/diff.js";
import {
  type ManyRelatedBefore,
  readManyRelatedAfter,
  readManyRelatedBefore,
} from "../relations/read-related.js";
import { relatedChanges } from "../relations/related-changes.js";
import { type BulkRun, type OwnChange, operationOf, publishAll, publishRows } from "./bulk-call.js";

/** A chunk's rows, and what follows from them in the database. */
export interface ChunkBefore {
  readonly locked: readonly Row[];
  readonly related: ManyRelatedBefore | undefined;
}

/** Locks and reads what PostgreSQL may delete or change along with a chunk's rows, where that matters. */
export async function readChunkBefore(run: BulkRun, locked: readonly Row[]): Promise<ChunkBefore> {
  const { bus, transaction, mutation, plan, args } = run;
  if (plan.effects === undefined || locked.length === 0) return { locked, related: undefined };
  const { model, operation } = mutation;
  const data = operation === "deleteMany" ? undefined : (args["data"] ?? {});
  return { locked, related: await readManyRelatedBefore(bus, transaction, model, locked, data) };
}

/** Publishes what became of a chunk's rows, and of those that PostgreSQL deleted or changed along with them. */
export async function publishChunk(
  run: BulkRun,
  { related: far }: ChunkBefore,
  changes: readonly OwnChange[],
): Promise<void> {
  if (far === undefined) return publishRows(run, changes);
  const { bus, transaction, plan } = run;
  const byBefore = new Map(changes.map((change) => [change.before, change]));
  // What was locked and is no longer looked for stays as it is.
  const after = far.own.map(({ before }) => {
    const change = byBefore.get(before);
    return change === undefined ? before : change.after;
  });
  const outcome = await readManyRelatedAfter(bus, transaction, far, after);
  // A row that the call itself left alone may have been changed by PostgreSQL: then the model's own rules count.
  const declared = bus.options.rules.get(run.mutation.model.name);
  const done = operationOf(run.mutation);
  const all = relatedChanges(bus, outcome, (operation) =>
    operation === done ? plan[operation] : (declared?.[operation] ?? []),
  );
  await publishAll(run, all);
}
