import {
  FOUND,
  type LockStrength,
  lockRowStatement,
  lockRowWithCounters,
  type TableCounters,
} from "../../outbox/lock-row.js";
import type { CatalogTable } from "../../outbox/read-catalog.js";
import type { TableName } from "../../outbox/row-columns.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { InternalParams, TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { selectsRelations } from "../prisma/selection.js";
import { asPrismaReads } from "../rows/as-prisma-reads.js";
import { columnsOf, type ModelColumns, modelColumns, sourceTable } from "../rows/source-table.js";
import { resolveUniqueKey, type UniqueMatch } from "../rows/unique-match.js";
import type { Past, RowCall } from "./mutation.js";
import { countersBefore, meetsConditions } from "./upsert.js";

const NOT_NEEDED: Past = { row: undefined, isKnown: false, isLocked: false };

/**
 * Reads the row that a call is going to change, as Prisma will find it, and locks it, in one statement: without the lock
 * another transaction could change it in between, and the old values would be false.
 *
 * A new row has no past, and a delete of columns alone answers with the row that went: then nothing is read.
 *
 * @param params of the call.
 */
export async function readBefore(
  bus: Bus,
  transaction: TransactionHandle,
  call: RowCall,
  params: InternalParams,
): Promise<Past> {
  const { model, operation, args } = call;
  if (operation === "create") return NOT_NEEDED;
  const isAnswered = operation === "delete" && !call.isFluent && !selectsRelations(model, args);
  if (isAnswered && !call.isPastNeeded) return NOT_NEEDED;
  const match = await resolveUniqueKey(bus, transaction, params, model, args["where"]);
  if (match === undefined) return NOT_NEEDED;
  if (match === "absent") {
    const none: Past = { row: undefined, isKnown: true, isLocked: false };
    return operation === "upsert" ? { ...none, ...(await countersBefore(bus, transaction, model)) } : none;
  }
  const table = await sourceTable(bus, model);
  const facts = knownCatalog(bus)?.table(model);
  const known = modelColumns(bus, model);
  const columns = isFoundByTupleId(call, facts) ? known : (known.withoutTupleIds ?? known);
  const executor = executorIn(bus.root, transaction);
  const find = async (strength: LockStrength | undefined): Promise<Past> => {
    const sql = lockStatement(call, table, columns, match, strength);
    const [answer] = await executor.query<Record<string, unknown>>(sql, match.texts);
    const isFound = answer !== undefined && (operation !== "upsert" || answer[FOUND] !== null);
    return {
      row: isFound && answer !== undefined ? asPrismaReads(columns, answer) : undefined,
      isKnown: true,
      isLocked: strength !== undefined,
      match,
      ...(operation === "upsert" ? { counters: answer as unknown as TableCounters } : {}),
    };
  };
  // Every other write to the row waits for either lock; inserts of rows that refer to it wait only for the stronger one.
  // That a key is written does not say that it changes: PostgreSQL takes the stronger lock only where it does.
  const strength = operation === "delete" ? "update" : "no key update";
  const locked = facts?.mayLock === false ? undefined : await find(strength);
  const isFinal = locked?.row !== undefined || facts?.hasRowSecurity !== true;
  const found = locked !== undefined && isFinal ? locked : await find(undefined);
  if (operation !== "upsert" || (await meetsConditions(bus, transaction, params, call, found))) return found;
  return { ...found, row: undefined };
}

/** Whether it may be asked what has become of the row with its tuple id: with other rows, and where triggers give an upsert another. */
function isFoundByTupleId({ operation, isPastNeeded }: RowCall, facts: CatalogTable | undefined): boolean {
  return isPastNeeded || (operation === "upsert" && facts?.hasTriggers !== false);
}

const statements = new WeakMap<ModelColumns, Map<string, string>>();

function lockStatement(
  { model, operation }: RowCall,
  table: TableName,
  columns: ModelColumns,
  { key }: UniqueMatch,
  strength: LockStrength | undefined,
): string {
  const known = statements.get(columns) ?? new Map<string, string>();
  statements.set(columns, known);
  // Only the name of a schema can have blanks.
  const id = `${operation} ${strength} ${key.fields.join()} ${table.schema}`;
  const cached = known.get(id);
  if (cached !== undefined) return cached;
  const lock = lockRowStatement(table, columns, columnsOf(model, key.fields), strength);
  const sql = operation === "upsert" ? lockRowWithCounters(lock, table) : lock;
  known.set(id, sql);
  return sql;
}
