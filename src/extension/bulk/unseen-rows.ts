import { loadCatalog } from "../catalog/catalog.js";
import { FailedAfterWriting } from "../mutation.js";
import { mayNotSee } from "../not-captured.js";
import { executeIn } from "../prisma-internals.js";
import { type BulkRun, operationOf, request } from "./bulk-call.js";
import { isGiven } from "./find-rows.js";
import { valuesIn } from "./where-values.js";

/**
 * How many rows the call writes when it is made as it is; undefined where it can write no row that a look-up would not
 * find. A statement that reads a column, in a condition or in its answer, PostgreSQL applies to rows that the policies
 * for SELECT show; one that reads none it applies to hidden rows as well. So such a call is tried, and undone.
 */
export async function countWithUnseen(run: BulkRun): Promise<number | undefined> {
  const { bus, transaction, mutation, args } = run;
  const { model } = mutation;
  const operation = operationOf(mutation);
  if (operation === "create" || isGiven(args["limit"])) return undefined;
  if (valuesIn(bus.models, model, args["where"]).readsColumns) return undefined;
  const facts = (await loadCatalog(bus, transaction)).table(model);
  if (facts?.hiddenFrom.includes(operation) !== true) return undefined;
  const { where, data } = args;
  await executeIn(bus.root, transaction, "savepoint event_bus_trial");
  const trial = (await request(run, `${operation}Many`, {
    ...(isGiven(where) ? { where } : {}),
    ...(operation === "update" ? { data } : {}),
  })) as { readonly count: number };
  await executeIn(bus.root, transaction, "rollback to savepoint event_bus_trial");
  await executeIn(bus.root, transaction, "release savepoint event_bus_trial");
  return trial.count;
}

/** @throws FailedAfterWriting when other rows were written than the call would write by itself. */
export function checkUnseen({ mutation }: BulkRun, expected: number | undefined, written: number): void {
  if (expected !== undefined && expected !== written) throw new FailedAfterWriting(mayNotSee(mutation.model));
}
