import { mayNotSee } from "../../capture/not-captured.js";
import { WRITE_OPERATIONS } from "../../models/operations.js";
import { isUnderPolicies } from "../../outbox/read-catalog.js";
import { undone } from "../../outbox/with-savepoint.js";
import { loadCatalog } from "../catalog/catalog.js";
import { isGiven } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { sourceTable } from "../rows/source-table.js";
import { type BulkRun, request, returnsRows } from "./bulk-call.js";
import { valuesIn } from "./where-values.js";

/**
 * How often a call has to write more rows than its role sees: once can be due to a row that another transaction
 * deletes.
 */
const TRIES = 3;

/**
 * Refuses a call that would write rows which its role does not see, and which would have no events. PostgreSQL
 * applies the policies for SELECT only to statements that read a column, in a condition or in their answer. So a call
 * that reads none is tried and undone, once with a condition that reads a column and once without.
 *
 * @throws EventBusError `NOT_CAPTURED` before anything is written.
 */
export async function refuseHiddenRows(run: BulkRun): Promise<void> {
  const { bus, transaction, mutation, args } = run;
  const { model } = mutation;
  const { change } = WRITE_OPERATIONS[mutation.operation];
  if (change === "create" || returnsRows(mutation) || isGiven(args["limit"])) return;
  if (valuesIn(bus.models, model, args["where"]).readsColumns) return;
  const facts = (await loadCatalog(bus, transaction)).table(model);
  if (
    facts?.hiddenFrom.includes(change) !== true ||
    !(await isUnderPolicies(executorIn(bus.root, transaction), await sourceTable(bus, model)))
  )
    return;
  for (
    let tried = 1;
    (await countWritten(run, args["where"])) > (await countWritten(run, visibleOnly(run)));
    tried++
  )
    if (tried === TRIES) throw mayNotSee(model);
}

/** The `where` with a condition that every row meets and that reads a column: a field of the key equals itself. */
function visibleOnly({ bus, mutation, key, args }: BulkRun): unknown {
  const { where } = args;
  const [first = ""] = key.fields;
  const delegate = Reflect.get(bus.root, mutation.model.jsName) as {
    readonly fields: Readonly<Record<string, unknown>>;
  };
  const seen = { [first]: { equals: delegate.fields[first] } };
  return isGiven(where) ? { AND: [where, seen] } : seen;
}

/** @returns how many rows the call writes with that condition. */
async function countWritten(run: BulkRun, where: unknown): Promise<number> {
  const { bus, transaction, mutation, args } = run;
  const { count } = await undone(
    executorIn(bus.root, transaction),
    () =>
      request(run, mutation.operation, {
        ...(isGiven(where) ? { where } : {}),
        ...("data" in args ? { data: args["data"] } : {}),
      }) as Promise<{ readonly count: number }>,
  );
  return count;
}
