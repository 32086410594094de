import { mayNotSee } from "../../capture/not-captured.js";
import { isUnderPolicies } from "../../outbox/read-catalog.js";
import { undone } from "../../outbox/with-savepoint.js";
import { loadCatalog } from "../catalog/catalog.js";
import { executorIn } from "../prisma/internals.js";
import { sourceTable } from "../rows/source-table.js";
import { type BulkRun, operationOf, request } from "./bulk-call.js";
import { isGiven } from "./find-rows.js";
import { valuesIn } from "./where-values.js";

/** How often more rows have to be written than are seen: once can be a row that another transaction deletes meanwhile. */
const TRIES = 3;

/**
 * Refuses a call that would write rows which its role does not see, and which have no events therefore. To a statement that
 * reads a column, in a condition or in its answer, PostgreSQL applies the policies for SELECT; to one that reads none it does
 * not. So such a call is tried, with a condition that reads a column and without, and undone.
 *
 * @throws EventBusError `NOT_CAPTURED` before anything is written.
 */
export async function refuseHiddenRows(run: BulkRun): Promise<void> {
  const { bus, transaction, mutation, args } = run;
  const { model } = mutation;
  const operation = operationOf(mutation);
  if (operation === "create" || mutation.operation.endsWith("AndReturn") || isGiven(args["limit"])) return;
  if (valuesIn(bus.models, model, args["where"]).readsColumns) return;
  const facts = (await loadCatalog(bus, transaction)).table(model);
  if (
    facts?.hiddenFrom.includes(operation) !== true ||
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

/** With a condition that every row meets and that reads a column: a part of the key is what it is. */
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
