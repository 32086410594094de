import type { Row } from "../../changes/diff.js";
import { type FarRowsPast, loadFarRowsAfter, loadFarRowsBefore } from "../relations/capture-nested.js";
import { farChanges } from "../relations/far-changes.js";
import { type BulkRun, type OwnChange, operationOf, publishAll, publishRows } from "./bulk-call.js";

/** A part's rows, and what follows from them in the database. */
export interface PartPast {
  readonly locked: readonly Row[];
  readonly far: FarRowsPast | undefined;
}

/** Locks and reads what PostgreSQL may delete or change along with a part's rows, where that matters. */
export async function loadPart(run: BulkRun, locked: readonly Row[]): Promise<PartPast> {
  const { bus, transaction, mutation, plan, args } = run;
  if (plan.far === undefined || locked.length === 0) return { locked, far: undefined };
  const { model, operation } = mutation;
  const data = operation === "deleteMany" ? undefined : (args["data"] ?? {});
  return { locked, far: await loadFarRowsBefore(bus, transaction, model, locked, data) };
}

/** Publishes what became of a part's rows, and of those that PostgreSQL deleted or changed along with them. */
export async function publishPart(
  run: BulkRun,
  { far }: PartPast,
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
  const outcome = await loadFarRowsAfter(bus, transaction, far, after);
  // A row that the call itself left alone may have been changed by PostgreSQL: then the model's own rules count.
  const declared = bus.options.rules.get(run.mutation.model.name);
  const done = operationOf(run.mutation);
  const all = farChanges(bus, outcome, (operation) =>
    operation === done ? plan[operation] : (declared?.[operation] ?? []),
  );
  await publishAll(run, all);
}
